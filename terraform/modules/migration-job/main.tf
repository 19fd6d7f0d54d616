# A job that runs `portcullis migrate` once when a deployment starts it. Nothing starts it by itself, and a failed run is not repeated.

locals {
  purpose = var.action == "up" ? "migrate" : "prepare"

  settings = merge(
    {
      PORTCULLIS_DATABASE_HOST        = var.database.host
      PORTCULLIS_DATABASE_NAME        = var.database.name
      PORTCULLIS_DATABASE_CREDENTIALS = "entra"
      AZURE_CLIENT_ID                 = azurerm_user_assigned_identity.main.client_id
    },
    # PostgreSQL knows an administrator of Entra by the name of the principal.
    var.action == "prepare" ? { PORTCULLIS_DATABASE_ADMIN_USER = azurerm_user_assigned_identity.main.name } : {}
  )
}

resource "azurerm_user_assigned_identity" "main" {
  name                = "id-${local.purpose}-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_container_app_job" "main" {
  name                         = "caj-${local.purpose}-${var.name}"
  resource_group_name          = var.resource_group_name
  location                     = var.location
  container_app_environment_id = var.environment_id
  workload_profile_name        = "Consumption"
  replica_timeout_in_seconds   = var.timeout_seconds
  replica_retry_limit          = 0
  tags                         = var.tags

  manual_trigger_config {
    parallelism              = 1
    replica_completion_count = 1
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.main.id, var.registry.pull_identity_id]
  }

  registry {
    server   = var.registry.login_server
    identity = var.registry.pull_identity_id
  }

  template {
    container {
      name    = local.purpose
      image   = var.image
      command = ["/portcullis", "migrate", var.action]
      cpu     = 0.5
      memory  = "1Gi"

      dynamic "env" {
        for_each = local.settings

        content {
          name  = env.key
          value = env.value
        }
      }
    }
  }
}
