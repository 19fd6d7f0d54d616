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
  description = "Entra tenant of the vault."
}

variable "subnet_id" {
  type        = string
  description = "Id of the subnet of private endpoints."
}

variable "virtual_network_id" {
  type        = string
  description = "Id of the network whose clients reach the vault."
}

variable "workspace_id" {
  type        = string
  description = "Id of the Log Analytics workspace that receives the vault's audit log."
}

variable "deployer_object_id" {
  type        = string
  description = "Object id of the identity that applies and so writes the secrets."
}

variable "planner_object_id" {
  type        = string
  description = "Object id of the identity that plans. Terraform reads the secrets when it refreshes them, although it does not store them."
}

variable "secret_names" {
  type        = set(string)
  description = "Names of the secrets, each a key of secrets."
}

variable "secrets" {
  type        = map(string)
  description = "Values of the secrets by name; written, but in neither plan nor state."
  ephemeral   = true
}

variable "secrets_version" {
  type        = number
  description = "A higher number writes the secrets again."

  validation {
    condition     = var.secrets_version >= 1 && floor(var.secrets_version) == var.secrets_version
    error_message = "secrets_version must be a whole number from 1."
  }
}

variable "secrets_expire_on" {
  type        = string
  description = "When the secrets expire (RFC 3339)."

  validation {
    condition     = can(regex("Z$", var.secrets_expire_on)) && can(timeadd(var.secrets_expire_on, "0s"))
    error_message = "secrets_expire_on must be a time in UTC such as 2027-06-01T00:00:00Z."
  }
}
