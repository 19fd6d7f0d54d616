mock_provider "azurerm" {}

variables {
  name                = "portcullis-prd"
  resource_group_name = "rg-portcullis-production"
  location            = "westeurope"
  tags                = { environment = "production" }
  subnet_id           = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet-apps"
  virtual_network_id  = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet"
  workspace_id        = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
  zone_redundant      = true
}

run "the_environment_is_internal" {
  command = plan

  assert {
    condition = (
      azurerm_container_app_environment.main.internal_load_balancer_enabled
      && azurerm_container_app_environment.main.public_network_access == "Disabled"
      && azurerm_container_app_environment.main.infrastructure_subnet_id == var.subnet_id
    )
    error_message = "@mcsb:NS-2 the environment must be internal"
  }

  assert {
    condition     = azurerm_container_app_environment.main.zone_redundancy_enabled && azurerm_container_app_environment.main.mutual_tls_enabled
    error_message = "@mcsb:BR-1 @mcsb:DP-3 replicas in several zones, encrypted traffic between them"
  }
}

run "logs_go_to_the_workspace" {
  command = plan

  assert {
    condition = (
      azurerm_container_app_environment.main.logs_destination == "azure-monitor"
      && contains([for log in azurerm_monitor_diagnostic_setting.main.enabled_log : log.category], "ContainerAppConsoleLogs")
      && azurerm_monitor_diagnostic_setting.main.log_analytics_workspace_id == var.workspace_id
    )
    error_message = "@mcsb:LT-4 the logs of the containers must reach the workspace"
  }
}
