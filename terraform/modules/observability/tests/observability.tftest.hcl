mock_provider "azurerm" {}

variables {
  name                = "portcullis-dev"
  resource_group_name = "rg-portcullis-dev"
  location            = "westeurope"
  tags                = { environment = "dev" }
  retention_days      = 30
}

run "shared_keys_open_nothing" {
  command = plan

  assert {
    condition     = azurerm_log_analytics_workspace.main.local_authentication_enabled == false
    error_message = "@mcsb:IM-1 the workspace must accept tokens of Entra only"
  }

  assert {
    condition     = azurerm_log_analytics_workspace.main.retention_in_days == 30
    error_message = "@mcsb:LT-6 logs must be stored as long as was chosen"
  }
}

run "a_week_is_too_short" {
  command = plan

  variables {
    retention_days = 7
  }

  expect_failures = [var.retention_days]
}
