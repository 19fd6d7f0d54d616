# Production: spread over zones, with a standby of the database in another one.

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

  environment       = "production"
  platform          = var.platform
  service           = var.service
  app_image         = var.app_image
  job_image         = var.job_image
  revision_suffix   = var.revision_suffix
  secrets           = var.secrets
  secrets_version   = var.secrets_version
  secrets_expire_on = var.secrets_expire_on

  size = {
    address_space = "10.22.0.0/22"
    app = {
      cpu                 = 2
      memory              = "4Gi"
      min_replicas        = 3
      max_replicas        = 10
      concurrent_requests = 100
    }
    postgres = {
      sku_name       = "GP_Standard_D4ds_v5"
      storage_mb     = 131072
      retention_days = 35
      zone_redundant = true
    }
    zone_redundant     = true
    edge               = true
    log_retention_days = 90
    budget             = { amount = 2500, start_date = "2026-12-01T00:00:00Z" }
  }
}
