# The environment that the container apps and jobs run in: reachable from the virtual network only.

resource "azurerm_container_app_environment" "main" {
  name                = "cae-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  # Not log-analytics, which needs the workspace's shared key.
  logs_destination               = "azure-monitor"
  infrastructure_subnet_id       = var.subnet_id
  internal_load_balancer_enabled = true
  zone_redundancy_enabled        = var.zone_redundant
  mutual_tls_enabled             = true # encrypts what the environment's proxy forwards; the service itself speaks plain HTTP
  public_network_access          = "Disabled"
  tags                           = var.tags

  # An environment that was created without a profile can never get one.
  workload_profile {
    name                  = "Consumption"
    workload_profile_type = "Consumption"
  }

  lifecycle {
    # Azure reports the profile with other values than it accepts (azurerm issue 31840).
    ignore_changes = [workload_profile]
  }
}

resource "azurerm_monitor_diagnostic_setting" "main" {
  name                       = "logs"
  target_resource_id         = azurerm_container_app_environment.main.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "ContainerAppConsoleLogs"
  }

  enabled_log {
    category = "ContainerAppSystemLogs"
  }
}

# The load balancer is internal, so its names exist in this zone only.
resource "azurerm_private_dns_zone" "main" {
  name                = azurerm_container_app_environment.main.default_domain
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "main" {
  name                = "apps"
  private_dns_zone_id = azurerm_private_dns_zone.main.id
  virtual_network_id  = var.virtual_network_id
  tags                = var.tags
}

resource "azurerm_private_dns_a_record" "main" {
  name                = "*"
  private_dns_zone_id = azurerm_private_dns_zone.main.id
  ttl                 = 300
  records             = [azurerm_container_app_environment.main.static_ip_address]
  tags                = var.tags
}
