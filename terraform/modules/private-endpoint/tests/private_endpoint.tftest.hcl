mock_provider "azurerm" {}

variables {
  name                = "portcullis-dev"
  resource_group_name = "rg-portcullis-dev"
  location            = "westeurope"
  tags                = { environment = "dev" }
  subnet_id           = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet-endpoints"
  virtual_network_id  = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet"
  target_id           = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
  kind                = "vault"
}

run "the_zone_belongs_to_the_kind" {
  command = plan

  assert {
    condition     = azurerm_private_dns_zone.main.name == "privatelink.vaultcore.azure.net" && azurerm_private_endpoint.main.private_service_connection[0].subresource_names == tolist(["vault"])
    error_message = "@mcsb:NS-2 names of vaults must lead to the endpoint"
  }
}

run "registries_have_another_zone" {
  command = plan

  variables {
    kind = "registry"
  }

  assert {
    condition     = azurerm_private_dns_zone.main.name == "privatelink.azurecr.io"
    error_message = "@mcsb:NS-2 names of registries must lead to the endpoint"
  }
}

run "other_kinds_are_refused" {
  command = plan

  variables {
    kind = "blob"
  }

  expect_failures = [var.kind]
}
