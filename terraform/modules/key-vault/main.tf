# The vault with the service's secrets. Container Apps is no trusted service of Azure's networks: only a private endpoint lets it in.

resource "azurerm_key_vault" "main" {
  name                          = "kv-${var.name}-${var.unique_suffix}"
  resource_group_name           = var.resource_group_name
  location                      = var.location
  sku_name                      = "standard"
  tenant_id                     = var.tenant_id
  rbac_authorization_enabled    = true
  purge_protection_enabled      = true
  soft_delete_retention_days    = 90
  public_network_access_enabled = false
  tags                          = var.tags

  network_acls {
    bypass         = "None"
    default_action = "Deny"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_role_assignment" "deployer" {
  scope                = azurerm_key_vault.main.id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = var.deployer_object_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "planner" {
  scope                = azurerm_key_vault.main.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = var.planner_object_id
  principal_type       = "ServicePrincipal"
}

module "endpoint" {
  source = "../private-endpoint"

  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
  subnet_id           = var.subnet_id
  virtual_network_id  = var.virtual_network_id
  target_id           = azurerm_key_vault.main.id
  kind                = "vault"
}

resource "azurerm_key_vault_secret" "main" {
  for_each = var.secret_names

  name             = each.key
  key_vault_id     = azurerm_key_vault.main.id
  value_wo         = var.secrets[each.key]
  value_wo_version = var.secrets_version
  content_type     = "text/plain"
  expiration_date  = var.secrets_expire_on
  tags             = var.tags

  depends_on = [azurerm_role_assignment.deployer, module.endpoint]
}

resource "azurerm_monitor_diagnostic_setting" "main" {
  name                       = "logs"
  target_resource_id         = azurerm_key_vault.main.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category_group = "audit"
  }

  enabled_metric {
    category = "AllMetrics"
  }
}
