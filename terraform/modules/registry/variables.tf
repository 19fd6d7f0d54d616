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

variable "importer_object_id" {
  type        = string
  description = "Object id of the identity that imports released images."
}
