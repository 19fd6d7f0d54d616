# The workspace that receives the logs of all resources. Entra tokens only: its shared keys open nothing.

resource "azurerm_log_analytics_workspace" "main" {
  name                         = "log-${var.name}"
  resource_group_name          = var.resource_group_name
  location                     = var.location
  sku                          = "PerGB2018"
  retention_in_days            = var.retention_days
  daily_quota_gb               = var.daily_quota_gb
  local_authentication_enabled = false
  tags                         = var.tags
}
