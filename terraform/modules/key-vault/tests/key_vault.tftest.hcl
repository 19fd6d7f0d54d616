mock_provider "azurerm" {}

variables {
  name                = "portcullis-prd"
  resource_group_name = "rg-portcullis-production"
  location            = "westeurope"
  tags                = { environment = "production" }
  unique_suffix       = "t3st"
  tenant_id           = "00000000-0000-0000-0000-000000000001"
  subnet_id           = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet-endpoints"
  virtual_network_id  = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet"
  workspace_id        = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
  deployer_object_id  = "00000000-0000-0000-0000-000000000003"
  planner_object_id   = "00000000-0000-0000-0000-000000000004"
  secret_names        = ["data-key"]
  secrets             = { data-key = "canary-data-key" }
  secrets_version     = 1
  secrets_expire_on   = "2027-06-01T00:00:00Z"
}

run "the_vault_is_private_and_permanent" {
  command = plan

  assert {
    condition     = azurerm_key_vault.main.public_network_access_enabled == false && azurerm_key_vault.main.network_acls[0].default_action == "Deny"
    error_message = "@mcsb:NS-2 the vault must not be public"
  }

  assert {
    condition     = azurerm_key_vault.main.purge_protection_enabled && azurerm_key_vault.main.rbac_authorization_enabled
    error_message = "@mcsb:DP-8 deleted secrets must be recoverable, and access decided by roles"
  }

  assert {
    condition     = length(azurerm_key_vault.main.name) <= 24
    error_message = "Azure accepts 24 characters at most"
  }
}

run "values_are_in_no_attribute" {
  command = plan

  assert {
    condition     = azurerm_key_vault_secret.main["data-key"].value == null && azurerm_key_vault_secret.main["data-key"].value_wo == null
    error_message = "@asvs:v5.0.0-13.3.1 secrets only by write-only arguments"
  }

  assert {
    condition     = azurerm_key_vault_secret.main["data-key"].expiration_date == "2027-06-01T00:00:00Z"
    error_message = "@mcsb:DP-6 secrets must expire"
  }
}

run "only_two_identities_touch_the_secrets" {
  command = plan

  assert {
    condition = (
      azurerm_role_assignment.deployer.role_definition_name == "Key Vault Secrets Officer" && azurerm_role_assignment.deployer.principal_id == var.deployer_object_id
      && azurerm_role_assignment.planner.role_definition_name == "Key Vault Secrets User" && azurerm_role_assignment.planner.principal_id == var.planner_object_id
    )
    error_message = "@mcsb:PA-7 one identity writes the secrets, the one that plans reads them"
  }
}

run "a_fraction_is_no_version" {
  command = plan

  variables {
    secrets_version = 1.5
  }

  expect_failures = [var.secrets_version]
}

run "an_expiry_date_needs_a_time" {
  command = plan

  variables {
    secrets_expire_on = "2027-06-01"
  }

  expect_failures = [var.secrets_expire_on]
}
