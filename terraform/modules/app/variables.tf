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

variable "default_domain" {
  type        = string
  description = "Domain of the names of the apps of the environment."
}

variable "network" {
  type = object({
    address_space = string
    apps_subnet   = string
  })
  description = "Network that may send requests, and the one that the environment's proxies run in (CIDR)."
}

variable "client_networks" {
  type        = list(string)
  description = "Further IPv4 networks (CIDR) that may send requests: peered ones, for example that of the runner which deploys."
  default     = []

  validation {
    condition = alltrue([for network in var.client_networks : can(cidrnetmask(network)) && anytrue([
      for private in ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"] :
      try(tonumber(split("/", network)[1]) >= tonumber(split("/", private)[1]) && cidrsubnet("${split("/", network)[0]}/${split("/", private)[1]}", 0, 0) == private, false)
    ])])
    error_message = "client_networks must be private IPv4 networks in CIDR notation (RFC 1918, or 100.64.0.0/10)."
  }
}

variable "platform_proxies" {
  type        = list(string)
  description = "Further networks (CIDR) that the environment's proxies connect from. Default: those that Azure reserves for environments with workload profiles."
  default     = ["100.100.0.0/17", "100.100.128.0/19", "100.100.160.0/19", "100.100.192.0/19"]
}

variable "revision_suffix" {
  type        = string
  description = "End of the revision's name. Never use one again: Azure refuses a name that the app has had."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,28}[a-z0-9]$", var.revision_suffix)) && !strcontains(var.revision_suffix, "--")
    error_message = "revision_suffix must have 2 to 30 lower case letters, digits and single hyphens, and begin with a letter."
  }
}

variable "key_vault_id" {
  type        = string
  description = "Id of the vault that holds the secrets."
}

variable "secret_ids" {
  type        = map(string)
  description = "Version-less ids of the secrets data-key, token-keys and smtp-password in the vault."

  validation {
    condition     = toset(keys(var.secret_ids)) == toset(["data-key", "token-keys", "smtp-password"])
    error_message = "secret_ids must name data-key, token-keys and smtp-password, and no other secret."
  }
}

variable "public_host" {
  type        = string
  description = "Host name under which users reach the service. Null: that of the container app."
  default     = null

  validation {
    condition     = var.public_host == null || can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.public_host))
    error_message = "public_host must be a host name in lower case, without scheme and port."
  }
}

variable "mail" {
  type = object({
    from = string
    host = string
    port = optional(number, 465)
    tls  = optional(string, "implicit")
    user = string
  })
  description = "Sender of mails, and the mail server with its user. The password is the secret smtp-password."

  validation {
    condition     = contains(["implicit", "starttls"], var.mail.tls)
    error_message = "tls must be implicit or starttls: production sends no mail unencrypted."
  }
}

variable "settings" {
  type        = map(string)
  description = "Further settings of the service, for example PORTCULLIS_OTLP_ENDPOINT. See docs/settings.md; no secrets."
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : startswith(name, "PORTCULLIS_") && (contains(["PORTCULLIS_PASSWORD_WORDS", "PORTCULLIS_BREACHED_PASSWORDS"], name) || !can(regex("(PASSWORD|SECRET|TOKEN_KEYS|DATA_KEY)", name)))])
    error_message = "settings must begin with PORTCULLIS_ and must not be secrets."
  }
}

variable "size" {
  type = object({
    cpu                 = number
    memory              = string
    min_replicas        = number
    max_replicas        = number
    concurrent_requests = number
  })
  description = "CPU cores and memory of a replica, number of replicas, and requests at a time from which on another one starts."

  validation {
    condition     = var.size.memory == "${2 * var.size.cpu}Gi" && contains([0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 3.75, 4], var.size.cpu)
    error_message = "cpu must be a multiple of 0.25 up to 4, and memory twice as many Gi."
  }

  validation {
    condition     = var.size.min_replicas >= 1 && var.size.min_replicas <= var.size.max_replicas
    error_message = "min_replicas must be at least 1, and at most max_replicas. The mail worker needs a replica that runs."
  }
}

variable "shutdown" {
  type = object({
    delay = optional(number, 15)
    grace = optional(number, 20)
  })
  description = "Seconds that a replica accepts requests after SIGTERM, and that active requests then have to finish."
  default     = {}

  validation {
    condition     = var.shutdown.delay >= 10
    error_message = "delay must be at least 10: the readiness probe takes that long to fail."
  }
}
