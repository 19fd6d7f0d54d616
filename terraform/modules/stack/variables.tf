variable "environment" {
  type        = string
  description = "Environment: dev, staging or production."

  validation {
    condition     = contains(["dev", "staging", "production"], var.environment)
    error_message = "environment must be dev, staging or production."
  }
}

variable "platform" {
  type = object({
    tenant_id             = string
    subscription_id       = string
    location              = string
    resource_group_name   = string
    unique_suffix         = string
    deployer_object_id    = string
    planner_object_id     = string
    registry_id           = string
    registry_login_server = string
    pull_identity_id      = string
  })
  description = "What the bootstrap made for this environment: its output platform."

  validation {
    condition     = can(regex("^[a-z0-9]{3,4}$", var.platform.unique_suffix))
    error_message = "unique_suffix must have 3 or 4 lower case letters and digits."
  }

  validation {
    condition = alltrue([
      for id in [var.platform.tenant_id, var.platform.subscription_id, var.platform.deployer_object_id, var.platform.planner_object_id] :
      can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))
    ])
    error_message = "tenant_id, subscription_id, deployer_object_id and planner_object_id must be UUIDs in lower case."
  }

  validation {
    condition     = endswith(var.platform.pull_identity_id, "/userAssignedIdentities/id-pull-${var.environment}")
    error_message = "pull_identity_id must be the identity that the bootstrap made for this environment."
  }
}

variable "service" {
  type = object({
    owner       = string
    public_host = optional(string)
    mail = object({
      from = string
      host = string
      port = optional(number, 465)
      tls  = optional(string, "implicit")
      user = string
    })
    alert_emails            = set(string)
    database_administrators = optional(map(object({ object_id = string, name = string, type = string })), {})
    operator_networks       = optional(list(string), [])
    client_networks         = optional(list(string), [])
    settings                = optional(map(string), {})
  })
  description = "Owner (a tag), host name of users, mail server, receivers of alerts, people who administer the database and their networks, further networks of clients, and further settings of the service."
}

variable "app_image" {
  type        = string
  description = "Image of the app by digest."
}

variable "job_image" {
  type        = string
  description = "Image of the migration jobs by digest. A deployment applies it first, runs the migration, and then applies app_image."
}

variable "revision_suffix" {
  type        = string
  description = "End of the name of the app's revision; a new one for each new app_image."
}

variable "secrets" {
  type        = map(string)
  description = "Values of the secrets data-key, token-keys and smtp-password. Ephemeral: they are in neither plan nor state, and have to be given again when a saved plan is applied."
  ephemeral   = true

  validation {
    condition     = toset(keys(var.secrets)) == toset(["data-key", "token-keys", "smtp-password"]) && alltrue([for value in values(var.secrets) : length(value) >= 8])
    error_message = "secrets must have the members data-key, token-keys and smtp-password, none shorter than 8 characters."
  }
}

variable "secrets_version" {
  type        = number
  description = "A higher number writes the secrets again."
}

variable "secrets_expire_on" {
  type        = string
  description = "When the secrets expire (RFC 3339)."
}

variable "size" {
  type = object({
    address_space = string
    app = object({
      cpu                 = number
      memory              = string
      min_replicas        = number
      max_replicas        = number
      concurrent_requests = number
    })
    postgres = object({
      sku_name       = string
      storage_mb     = number
      retention_days = number
      zone_redundant = bool
    })
    zone_redundant     = bool
    edge               = bool
    log_retention_days = number
    log_quota_gb       = optional(number, -1)
    budget             = object({ amount = number, start_date = string })
  })
  description = "Network, machines, replicas, redundancy, retention and budget of the environment, and whether Front Door is in front of it."

  validation {
    condition     = !var.size.edge || var.service.public_host != null
    error_message = "With edge, service.public_host must be set."
  }
}
