# The service. Its identity reads the secrets, that of the environment pulls the image, and each database login has one of its own.

locals {
  app_name = "ca-${var.name}"
  app_fqdn = "${local.app_name}.${var.default_domain}"

  public_host = coalesce(var.public_host, local.app_fqdn)

  # What the image listens on (docs/image.md). Metrics and their listener stay on the loopback interface.
  port = 3000

  # All secrets of the app are files in this folder, named after the secret.
  secrets_folder = "/secrets"

  # Logins of `portcullis serve` (docs/database-roles.md).
  logins = toset(["rates", "accounts", "wishes", "mail"])

  readiness_interval = 5
  readiness_failures = 2

  settings = merge(var.settings, {
    PORTCULLIS_LISTEN                = "0.0.0.0:${local.port}"
    PORTCULLIS_TRUSTED_PROXIES       = join(",", concat(var.platform_proxies, [var.network.apps_subnet]))
    PORTCULLIS_CLIENT_ADDRESS_SOURCE = "x-forwarded-for"
    PORTCULLIS_PUBLIC_URL            = "https://${local.public_host}"
    # The last one is the address of this revision, at which a deployment checks it before it gets traffic.
    PORTCULLIS_ALLOWED_HOSTS        = join(",", distinct([local.public_host, local.app_fqdn, "${local.app_name}--${var.revision_suffix}.${var.default_domain}"]))
    PORTCULLIS_KEEP_ALIVE_TIMEOUT   = "300" # the environment's proxy: 240 s
    PORTCULLIS_SHUTDOWN_DELAY       = tostring(var.shutdown.delay)
    PORTCULLIS_SHUTDOWN_GRACE       = tostring(var.shutdown.grace)
    PORTCULLIS_DATA_KEY_FILE        = "${local.secrets_folder}/data-key"
    PORTCULLIS_TOKEN_KEYS_FILE      = "${local.secrets_folder}/token-keys"
    PORTCULLIS_SMTP_PASSWORD_FILE   = "${local.secrets_folder}/smtp-password"
    PORTCULLIS_MAIL_TRANSPORT       = "smtp"
    PORTCULLIS_MAIL_FROM            = var.mail.from
    PORTCULLIS_SMTP_HOST            = var.mail.host
    PORTCULLIS_SMTP_PORT            = tostring(var.mail.port)
    PORTCULLIS_SMTP_TLS             = var.mail.tls
    PORTCULLIS_SMTP_USER            = var.mail.user
    PORTCULLIS_DATABASE_HOST        = var.database.host
    PORTCULLIS_DATABASE_NAME        = var.database.name
    PORTCULLIS_DATABASE_CREDENTIALS = "entra"
    PORTCULLIS_ENTRA_CLIENT_IDS     = join(",", [for login in sort(local.logins) : "${login}=${azurerm_user_assigned_identity.login[login].client_id}"])
  })
}

resource "azurerm_user_assigned_identity" "app" {
  name                = "id-app-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_user_assigned_identity" "login" {
  for_each = local.logins

  name                = "id-${each.key}-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_role_assignment" "secrets" {
  scope                = var.key_vault_id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.app.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_container_app" "main" {
  name                         = local.app_name
  resource_group_name          = var.resource_group_name
  container_app_environment_id = var.environment_id
  revision_mode                = "Multiple"
  max_inactive_revisions       = 5
  workload_profile_name        = "Consumption"
  tags                         = var.tags

  identity {
    type = "UserAssigned"
    identity_ids = concat(
      [azurerm_user_assigned_identity.app.id, var.registry.pull_identity_id],
      [for login in local.logins : azurerm_user_assigned_identity.login[login].id],
    )
  }

  registry {
    server   = var.registry.login_server
    identity = var.registry.pull_identity_id
  }

  dynamic "secret" {
    for_each = var.secret_ids

    content {
      name                = secret.key
      key_vault_secret_id = secret.value
      identity            = azurerm_user_assigned_identity.app.id
    }
  }

  ingress {
    allow_insecure_connections = false
    external_enabled           = true # from the virtual network: the environment has no public address
    target_port                = local.port
    transport                  = "http"
    client_certificate_mode    = "ignore"

    dynamic "ip_security_restriction" {
      for_each = distinct(concat([var.network.address_space], var.client_networks))

      content {
        name             = ip_security_restriction.key == 0 ? "virtual-network" : "client-network-${ip_security_restriction.key}"
        action           = "Allow"
        ip_address_range = ip_security_restriction.value
      }
    }

    # Counts when the app is created. Later a deployment shifts traffic, after it has checked the new revision.
    traffic_weight {
      revision_suffix = var.revision_suffix
      percentage      = 100
    }
  }

  template {
    revision_suffix                  = var.revision_suffix
    min_replicas                     = var.size.min_replicas
    max_replicas                     = var.size.max_replicas
    termination_grace_period_seconds = var.shutdown.delay + var.shutdown.grace + 35

    http_scale_rule {
      name                = "requests"
      concurrent_requests = tostring(var.size.concurrent_requests)
    }

    volume {
      name         = "secrets"
      storage_type = "Secret"
    }

    container {
      name   = "portcullis"
      image  = var.image
      cpu    = var.size.cpu
      memory = var.size.memory

      dynamic "env" {
        for_each = local.settings

        content {
          name  = env.key
          value = env.value
        }
      }

      volume_mounts {
        name = "secrets"
        path = local.secrets_folder
      }

      startup_probe {
        transport               = "HTTP"
        port                    = local.port
        path                    = "/health/startup"
        interval_seconds        = 5
        timeout                 = 5
        failure_count_threshold = 60
      }

      liveness_probe {
        transport               = "HTTP"
        port                    = local.port
        path                    = "/health/live"
        interval_seconds        = 10
        timeout                 = 5
        failure_count_threshold = 6
      }

      readiness_probe {
        transport               = "HTTP"
        port                    = local.port
        path                    = "/health/ready"
        interval_seconds        = local.readiness_interval
        timeout                 = 5
        success_count_threshold = 1
        failure_count_threshold = local.readiness_failures
      }
    }
  }

  # Azure refuses an app whose secrets its identity cannot read.
  depends_on = [azurerm_role_assignment.secrets]

  lifecycle {
    ignore_changes = [ingress[0].traffic_weight]
  }
}
