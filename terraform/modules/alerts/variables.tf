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

variable "emails" {
  type        = set(string)
  description = "Addresses that receive alerts."

  validation {
    condition     = length(var.emails) > 0 && alltrue([for address in var.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "emails must be at least one mail address."
  }
}

variable "resource_group_id" {
  type        = string
  description = "Id of the resource group that the budget is for."
}

variable "app_id" {
  type        = string
  description = "Id of the container app."
}

variable "max_replicas" {
  type        = number
  description = "Maximum number of replicas of the app."
}

variable "postgres_id" {
  type        = string
  description = "Id of the PostgreSQL server."
}

variable "workspace_id" {
  type        = string
  description = "Id of the Log Analytics workspace with the service's log."
}

variable "budget" {
  type = object({
    amount     = number
    start_date = string
  })
  description = "Expected cost of a month in the currency of the subscription, and the first of the month in which it begins."

  validation {
    condition     = can(regex("^20[0-9]{2}-(0[1-9]|1[0-2])-01T00:00:00Z$", var.budget.start_date))
    error_message = "start_date must be the first of a month, for example 2026-12-01T00:00:00Z."
  }
}
