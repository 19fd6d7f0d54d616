mock_provider "azurerm" {}

variables {
  name                = "portcullis"
  resource_group_name = "rg-portcullis-shared"
  location            = "westeurope"
  tags                = { environment = "shared" }
  unique_suffix       = "t3st"
  importer_object_id  = "00000000-0000-0000-0000-000000000006"
}

run "the_registry_is_private" {
  command = plan

  assert {
    condition = (
      azurerm_container_registry.main.public_network_access_enabled == false
      && azurerm_container_registry.main.admin_enabled == false
      && azurerm_container_registry.main.anonymous_pull_enabled == false
      && azurerm_container_registry.main.export_policy_enabled == false
    )
    error_message = "@mcsb:NS-2 no public address, no administrator's password, no anonymous pull, no export"
  }

  assert {
    condition     = azurerm_container_registry.main.name == "crportcullist3st" && azurerm_container_registry.main.sku == "Premium"
    error_message = "names of registries have no hyphens, and private endpoints need Premium"
  }
}

run "a_release_can_import_only" {
  command = plan

  assert {
    condition     = azurerm_role_assignment.importer.role_definition_name == "Container Registry Data Importer and Data Reader"
    error_message = "@mcsb:PA-7 a release may import, and not push or delete"
  }
}
