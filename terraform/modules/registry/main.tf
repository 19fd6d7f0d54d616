# The registry that all environments pull from, by digest. It has no public address: images come in by `az acr import`, which Azure
# itself carries out and which leaves digests as they are.

resource "azurerm_container_registry" "main" {
  name                          = replace("cr${var.name}${var.unique_suffix}", "-", "")
  resource_group_name           = var.resource_group_name
  location                      = var.location
  sku                           = "Premium"
  admin_enabled                 = false
  anonymous_pull_enabled        = false
  public_network_access_enabled = false
  export_policy_enabled         = false
  data_endpoint_enabled         = true
  zone_redundancy_enabled       = true
  network_rule_bypass_option    = "AzureServices" # `az acr import`
  retention_policy_in_days      = 30              # of images without a tag
  tags                          = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_role_assignment" "importer" {
  scope                = azurerm_container_registry.main.id
  role_definition_name = "Container Registry Data Importer and Data Reader"
  principal_id         = var.importer_object_id
  principal_type       = "ServicePrincipal"
}
