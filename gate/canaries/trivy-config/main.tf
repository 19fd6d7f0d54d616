resource "azurerm_storage_account" "planted" {
  name                       = "planted"
  resource_group_name        = "planted"
  location                   = "westeurope"
  account_tier               = "Standard"
  account_replication_type   = "LRS"
  https_traffic_only_enabled = false
  min_tls_version            = "TLS1_0"
}
