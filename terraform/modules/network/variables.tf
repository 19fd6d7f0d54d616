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

variable "address_space" {
  type        = string
  description = "IPv4 network of the environment (CIDR). Environments that are peered need disjoint ones."

  validation {
    condition     = can(cidrnetmask(var.address_space)) && can(tonumber(split("/", var.address_space)[1])) && tonumber(split("/", var.address_space)[1]) <= 24
    error_message = "address_space must be an IPv4 network of /24 or larger."
  }
}

variable "operator_networks" {
  type        = list(string)
  description = "Networks (CIDR) from which administrators reach PostgreSQL, for example a VPN's. Empty: none."
  default     = []

  validation {
    condition = alltrue([for network in var.operator_networks : can(cidrnetmask(network)) && anytrue([
      for private in ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"] :
      try(tonumber(split("/", network)[1]) >= tonumber(split("/", private)[1]) && cidrsubnet("${split("/", network)[0]}/${split("/", private)[1]}", 0, 0) == private, false)
    ])])
    error_message = "operator_networks must be private IPv4 networks in CIDR notation (RFC 1918, or 100.64.0.0/10)."
  }
}
