variable "name" {
  type        = string
  description = "Part of the names of all resources, for example portcullis-dev."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,14}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 16 lower case letters, digits and hyphens, and begin with a letter."
  }
}

variable "resource_group_name" {
  type        = string
  description = "Existing resource group."
}

variable "location" {
  type        = string
  description = "Azure region, for example westeurope."
}

variable "tags" {
  type        = map(string)
  description = "Tags of all resources; environment is required, because policies depend on it."

  validation {
    condition     = contains(["dev", "staging", "production", "shared"], lookup(var.tags, "environment", ""))
    error_message = "tags must name the environment: dev, staging, production or shared."
  }
}

variable "unique_suffix" {
  type        = string
  description = "End of names that must be unique in all of Azure."
}

variable "tenant_id" {
  type        = string
  description = "Entra tenant whose tokens the server accepts."
}

variable "subnet_id" {
  type        = string
  description = "Id of the subnet that is delegated to PostgreSQL."
}

variable "virtual_network_id" {
  type        = string
  description = "Id of the network whose clients resolve the server's name."
}

variable "workspace_id" {
  type        = string
  description = "Id of the Log Analytics workspace that receives the server's log."
}

variable "administrators" {
  type = map(object({
    object_id = string
    name      = string
    type      = string
  }))
  description = "Entra principals that administer the server: object id, name, and type User, Group or ServicePrincipal."

  validation {
    condition     = length(var.administrators) > 0 && alltrue([for one in values(var.administrators) : contains(["User", "Group", "ServicePrincipal"], one.type)])
    error_message = "administrators must name at least one principal of type User, Group or ServicePrincipal."
  }
}

variable "size" {
  type = object({
    sku_name         = string
    storage_mb       = number
    retention_days   = number
    zone_redundant   = bool
    major_version    = optional(string, "17")
    maintenance_hour = optional(number, 3)
  })
  description = "Machine (SKU), storage, days of backups, whether a standby runs in another zone, major version, and the hour of Sunday (UTC) for maintenance."

  validation {
    condition     = var.size.retention_days >= 7 && var.size.retention_days <= 35
    error_message = "retention_days must be 7 to 35."
  }

  validation {
    condition     = contains(["13", "14", "15", "16", "17", "18"], var.size.major_version)
    error_message = "major_version must be one that the service supports, 13 to 18."
  }

  validation {
    condition     = !var.size.zone_redundant || !startswith(var.size.sku_name, "B_")
    error_message = "A burstable machine (B_) cannot have a standby."
  }
}
