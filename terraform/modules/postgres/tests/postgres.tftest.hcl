mock_provider "azurerm" {}

variables {
  name                = "portcullis-prd"
  resource_group_name = "rg-portcullis-production"
  location            = "westeurope"
  tags                = { environment = "production" }
  unique_suffix       = "t3st"
  tenant_id           = "00000000-0000-0000-0000-000000000001"
  subnet_id           = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet-postgres"
  virtual_network_id  = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet"
  workspace_id        = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
  administrators      = { job = { object_id = "00000000-0000-0000-0000-000000000005", name = "id-prepare", type = "ServicePrincipal" } }
  size                = { sku_name = "GP_Standard_D4ds_v5", storage_mb = 131072, retention_days = 35, zone_redundant = true }
}

run "the_server_is_private" {
  command = plan

  assert {
    condition     = azurerm_postgresql_flexible_server.main.public_network_access_enabled == false && azurerm_postgresql_flexible_server.main.delegated_subnet_id == var.subnet_id
    error_message = "@mcsb:NS-2 the database must not be public"
  }

  assert {
    condition     = endswith(azurerm_private_dns_zone.main.name, ".postgres.database.azure.com")
    error_message = "@mcsb:NS-2 Azure uses zones with this end only"
  }
}

run "there_are_no_passwords" {
  command = plan

  assert {
    condition = (
      azurerm_postgresql_flexible_server.main.authentication[0].active_directory_auth_enabled
      && azurerm_postgresql_flexible_server.main.authentication[0].password_auth_enabled == false
      && azurerm_postgresql_flexible_server.main.administrator_password == null
    )
    error_message = "@mcsb:IM-1 the server must accept tokens of Entra only"
  }

  assert {
    condition     = azurerm_postgresql_flexible_server_active_directory_administrator.main["job"].principal_name == "id-prepare"
    error_message = "@mcsb:PA-1 administrators must be those that were named"
  }
}

run "connections_are_encrypted_and_logged" {
  command = plan

  assert {
    condition = (
      azurerm_postgresql_flexible_server_configuration.main["ssl_min_protocol_version"].value == "TLSv1.3"
      && azurerm_postgresql_flexible_server_configuration.main["require_secure_transport"].value == "on"
    )
    error_message = "@mcsb:DP-3 connections must use TLS 1.3"
  }

  assert {
    condition     = azurerm_postgresql_flexible_server_configuration.main["log_connections"].value == "on" && strcontains(azurerm_postgresql_flexible_server_configuration.main["shared_preload_libraries"].value, "pgaudit")
    error_message = "@mcsb:LT-3 connections and statements must be logged"
  }
}

run "production_survives_a_zone_and_a_region" {
  command = plan

  assert {
    condition     = azurerm_postgresql_flexible_server.main.high_availability[0].mode == "ZoneRedundant" && azurerm_postgresql_flexible_server.main.geo_redundant_backup_enabled
    error_message = "@mcsb:BR-1 a standby in another zone and backups in another region"
  }

  assert {
    condition     = azurerm_management_lock.main.lock_level == "CanNotDelete"
    error_message = "@mcsb:BR-2 the server must be locked"
  }
}

run "a_small_server_has_no_standby" {
  command = plan

  variables {
    size = { sku_name = "B_Standard_B2s", storage_mb = 32768, retention_days = 7, zone_redundant = false }
  }

  assert {
    condition     = length(azurerm_postgresql_flexible_server.main.high_availability) == 0
    error_message = "no standby was wanted"
  }
}

run "a_burstable_server_cannot_have_a_standby" {
  command = plan

  variables {
    size = { sku_name = "B_Standard_B2s", storage_mb = 32768, retention_days = 7, zone_redundant = true }
  }

  expect_failures = [var.size]
}

run "short_retention_is_refused" {
  command = plan

  variables {
    size = { sku_name = "GP_Standard_D4ds_v5", storage_mb = 131072, retention_days = 6, zone_redundant = true }
  }

  expect_failures = [var.size]
}

run "an_unsupported_version_is_refused" {
  command = plan

  variables {
    size = { sku_name = "GP_Standard_D4ds_v5", storage_mb = 131072, retention_days = 35, zone_redundant = true, major_version = "12" }
  }

  expect_failures = [var.size]
}

run "a_server_without_administrators_is_refused" {
  command = plan

  variables {
    administrators = {}
  }

  expect_failures = [var.administrators]
}
