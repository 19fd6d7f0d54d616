# The rehearsal of production: the same parts, smaller, without a standby of the database.

provider "azurerm" {
  features {}
  subscription_id                 = var.platform.subscription_id
  tenant_id                       = var.platform.tenant_id
  use_oidc                        = true
  storage_use_azuread             = true
  resource_provider_registrations = "none"
}

module "stack" {
  source = "../../modules/stack"

  environment       = "staging"
  platform          = var.platform
  service           = var.service
  app_image         = var.app_image
  job_image         = var.job_image
  revision_suffix   = var.revision_suffix
  secrets           = var.secrets
  secrets_version   = var.secrets_version
  secrets_expire_on = var.secrets_expire_on

  size = {
    address_space = "10.21.0.0/22"
    app = {
      cpu                 = 1
      memory              = "2Gi"
      min_replicas        = 2
      max_replicas        = 4
      concurrent_requests = 100
    }
    postgres = {
      sku_name       = "GP_Standard_D2ds_v5"
      storage_mb     = 65536
      retention_days = 14
      zone_redundant = false
    }
    zone_redundant     = true
    edge               = true
    log_retention_days = 30
    budget             = { amount = 900, start_date = "2026-12-01T00:00:00Z" }
  }
}
