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

variable "public_host" {
  type        = string
  description = "Host name under which users reach the service."
}

variable "origin_host" {
  type        = string
  description = "Host name of the container app."
}

variable "environment_id" {
  type        = string
  description = "Id of the Container Apps environment that the private link leads to."
}

variable "workspace_id" {
  type        = string
  description = "Id of the Log Analytics workspace that receives the firewall's log."
}

variable "requests_per_minute" {
  type        = number
  description = "Requests per minute and client address from which on the firewall rejects them. The service has finer limits of its own."
  default     = 3000

  validation {
    condition     = var.requests_per_minute >= 100
    error_message = "requests_per_minute must be at least 100."
  }
}
