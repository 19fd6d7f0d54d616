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
}

variable "secrets_version" {
  type        = number
  description = "A higher number writes the secrets again."
}

variable "secrets_expire_on" {
  type        = string
  description = "When the secrets expire (RFC 3339)."
}
