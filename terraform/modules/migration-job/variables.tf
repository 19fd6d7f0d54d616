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

variable "environment_id" {
  type        = string
  description = "Id of the Container Apps environment."
}

variable "registry" {
  type = object({
    login_server     = string
    pull_identity_id = string
  })
  description = "Registry that the image is pulled from, and the identity that may pull from it: the bootstrap made it for the environment."
}

variable "image" {
  type        = string
  description = "Image by digest: LOGIN_SERVER/NAME@sha256:DIGEST."

  validation {
    condition     = can(regex("^[a-z0-9.-]+/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must be named by digest (@sha256:...), without a tag."
  }

  validation {
    condition     = startswith(var.image, "${var.registry.login_server}/")
    error_message = "image must come from the registry that the identity may pull from."
  }
}

variable "database" {
  type = object({
    host = string
    name = string
  })
  description = "Host name of the PostgreSQL server, and the database."
}

variable "action" {
  type        = string
  description = "What the job does: up (applies the migrations) or prepare (creates the roles and the database)."

  validation {
    condition     = contains(["up", "prepare"], var.action)
    error_message = "action must be up or prepare."
  }
}

variable "timeout_seconds" {
  type        = number
  description = "Time after which the job is stopped, 60 to 7200 seconds."
  default     = 1800

  validation {
    condition     = var.timeout_seconds >= 60 && var.timeout_seconds <= 7200
    error_message = "timeout_seconds must be 60 to 7200."
  }
}
