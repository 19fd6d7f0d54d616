# A private endpoint, and the DNS zone that leads clients of the network to it.

locals {
  # The zones' names are Azure's: another name is created without an error and never used.
  zones = {
    registry = "privatelink.azurecr.io"
    vault    = "privatelink.vaultcore.azure.net"
  }
}

resource "azurerm_private_dns_zone" "main" {
  name                = local.zones[var.kind]
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "main" {
  name                = var.kind
  private_dns_zone_id = azurerm_private_dns_zone.main.id
  virtual_network_id  = var.virtual_network_id
  tags                = var.tags
}

resource "azurerm_private_endpoint" "main" {
  name                = "pe-${var.kind}-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = var.kind
    private_connection_resource_id = var.target_id
    subresource_names              = [var.kind]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.main.id]
  }

  depends_on = [azurerm_private_dns_zone_virtual_network_link.main]
}
