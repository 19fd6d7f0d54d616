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

variable "retention_days" {
  type        = number
  description = "Days that logs are stored, 30 to 730."

  validation {
    condition     = var.retention_days >= 30 && var.retention_days <= 730
    error_message = "retention_days must be 30 to 730."
  }
}

variable "daily_quota_gb" {
  type        = number
  description = "Maximum of logs per day in GB; beyond it logs are dropped. -1: no limit."
  default     = -1
}
