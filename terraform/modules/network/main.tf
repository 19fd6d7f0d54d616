# One virtual network with three subnets, each with a security group of its own that denies inbound connections that it does not name.

locals {
  prefix_length = tonumber(split("/", var.address_space)[1])

  # Container Apps with workload profiles needs /27 at least, PostgreSQL /28.
  apps_subnet      = cidrsubnet(var.address_space, 26 - local.prefix_length, 0)
  endpoints_subnet = cidrsubnet(var.address_space, 27 - local.prefix_length, 2)
  postgres_subnet  = cidrsubnet(var.address_space, 28 - local.prefix_length, 6)

  # What each subnet accepts; everything else is denied.
  accepted = {
    apps = {
      https = { from = ["VirtualNetwork"], protocol = "Tcp", ports = ["443", "31443"] } # 31443: the environment's proxy behind its load balancer
      probe = { from = ["AzureLoadBalancer"], protocol = "Tcp", ports = ["30000-32767"] }
      self  = { from = [local.apps_subnet], protocol = "*", ports = ["*"] }
    }
    endpoints = {
      https = { from = ["VirtualNetwork"], protocol = "Tcp", ports = ["443"] }
    }
    postgres = merge(
      {
        apps    = { from = [local.apps_subnet], protocol = "Tcp", ports = ["5432"] }
        standby = { from = [local.postgres_subnet], protocol = "Tcp", ports = ["5432", "6432"] } # replication
      },
      length(var.operator_networks) == 0 ? {} : {
        operators = { from = var.operator_networks, protocol = "Tcp", ports = ["5432"] }
      }
    )
  }
  destinations = {
    apps      = local.apps_subnet
    endpoints = local.endpoints_subnet
    postgres  = local.postgres_subnet
  }
  rules = merge([
    for subnet, rules in local.accepted : {
      for index, name in sort(keys(rules)) : "${subnet}-${name}" => merge(rules[name], { subnet = subnet, priority = 100 + 10 * index })
    }
  ]...)
}

resource "azurerm_virtual_network" "main" {
  name                = "vnet-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  address_space       = [var.address_space]
  tags                = var.tags
}

resource "azurerm_subnet" "apps" {
  name                 = "snet-apps"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.main.name
  address_prefixes     = [local.apps_subnet]

  delegation {
    name = "apps"

    service_delegation {
      name    = "Microsoft.App/environments"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_subnet" "endpoints" {
  name                              = "snet-endpoints"
  resource_group_name               = var.resource_group_name
  virtual_network_name              = azurerm_virtual_network.main.name
  address_prefixes                  = [local.endpoints_subnet]
  default_outbound_access_enabled   = false
  private_endpoint_network_policies = "Enabled" # otherwise the security group has no effect on private endpoints
}

resource "azurerm_subnet" "postgres" {
  name                 = "snet-postgres"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.main.name
  address_prefixes     = [local.postgres_subnet]

  delegation {
    name = "postgres"

    service_delegation {
      name    = "Microsoft.DBforPostgreSQL/flexibleServers"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_network_security_group" "main" {
  for_each = local.accepted

  name                = "nsg-${each.key}-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_network_security_rule" "accept" {
  for_each = local.rules

  name                        = "accept-${each.key}"
  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.main[each.value.subnet].name
  priority                    = each.value.priority
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = each.value.protocol
  source_port_range           = "*"
  source_address_prefix       = length(each.value.from) == 1 ? each.value.from[0] : null
  source_address_prefixes     = length(each.value.from) == 1 ? null : each.value.from
  destination_address_prefix  = local.destinations[each.value.subnet]
  destination_port_range      = length(each.value.ports) == 1 ? each.value.ports[0] : null
  destination_port_ranges     = length(each.value.ports) == 1 ? null : each.value.ports
}

resource "azurerm_network_security_rule" "deny" {
  for_each = local.accepted

  name                        = "deny-rest"
  resource_group_name         = var.resource_group_name
  network_security_group_name = azurerm_network_security_group.main[each.key].name
  priority                    = 4096
  direction                   = "Inbound"
  access                      = "Deny"
  protocol                    = "*"
  source_port_range           = "*"
  source_address_prefix       = "*"
  destination_address_prefix  = "*"
  destination_port_range      = "*"
}

resource "azurerm_subnet_network_security_group_association" "apps" {
  subnet_id                 = azurerm_subnet.apps.id
  network_security_group_id = azurerm_network_security_group.main["apps"].id
  depends_on                = [azurerm_network_security_rule.accept]
}

resource "azurerm_subnet_network_security_group_association" "endpoints" {
  subnet_id                 = azurerm_subnet.endpoints.id
  network_security_group_id = azurerm_network_security_group.main["endpoints"].id
  depends_on                = [azurerm_network_security_rule.accept]
}

resource "azurerm_subnet_network_security_group_association" "postgres" {
  subnet_id                 = azurerm_subnet.postgres.id
  network_security_group_id = azurerm_network_security_group.main["postgres"].id
  depends_on                = [azurerm_network_security_rule.accept]
}
