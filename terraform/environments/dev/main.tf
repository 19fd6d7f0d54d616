# The environment of developers: no standby, no Front Door; reachable from the virtual network.

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

  environment       = "dev"
  platform          = var.platform
  service           = var.service
  app_image         = var.app_image
  job_image         = var.job_image
  revision_suffix   = var.revision_suffix
  secrets           = var.secrets
  secrets_version   = var.secrets_version
  secrets_expire_on = var.secrets_expire_on

  size = {
    address_space = "10.20.0.0/22"
    app = {
      cpu                 = 0.5
      memory              = "1Gi"
      min_replicas        = 1
      max_replicas        = 2
      concurrent_requests = 50
    }
    postgres = {
      sku_name       = "B_Standard_B2s"
      storage_mb     = 32768
      retention_days = 7
      zone_redundant = false
    }
    zone_redundant     = false
    edge               = false
    log_retention_days = 30
    log_quota_gb       = 1
    budget             = { amount = 200, start_date = "2026-12-01T00:00:00Z" }
  }
}
