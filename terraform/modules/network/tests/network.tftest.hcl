mock_provider "azurerm" {}

variables {
  name                = "portcullis-dev"
  resource_group_name = "rg-portcullis-dev"
  location            = "westeurope"
  tags                = { environment = "dev" }
  address_space       = "10.20.0.0/22"
}

run "subnets_are_disjoint_and_delegated" {
  command = plan

  assert {
    condition = [
      azurerm_subnet.apps.address_prefixes[0],
      azurerm_subnet.endpoints.address_prefixes[0],
      azurerm_subnet.postgres.address_prefixes[0],
    ] == ["10.20.0.0/26", "10.20.0.64/27", "10.20.0.96/28"]
    error_message = "@mcsb:NS-1 the subnets must be disjoint"
  }

  assert {
    condition     = azurerm_subnet.apps.delegation[0].service_delegation[0].name == "Microsoft.App/environments" && azurerm_subnet.postgres.delegation[0].service_delegation[0].name == "Microsoft.DBforPostgreSQL/flexibleServers"
    error_message = "@mcsb:NS-1 each subnet must be delegated to its service"
  }

  assert {
    condition     = azurerm_subnet.endpoints.private_endpoint_network_policies == "Enabled"
    error_message = "@mcsb:NS-1 security rules must apply to private endpoints"
  }
}

run "only_the_apps_reach_the_database" {
  command = plan

  assert {
    condition     = azurerm_network_security_rule.accept["postgres-apps"].source_address_prefix == "10.20.0.0/26" && azurerm_network_security_rule.accept["postgres-apps"].destination_port_range == "5432"
    error_message = "@mcsb:NS-2 the apps must reach the database"
  }

  assert {
    condition     = sort([for key in keys(azurerm_network_security_rule.accept) : key if startswith(key, "postgres-")]) == tolist(["postgres-apps", "postgres-standby"])
    error_message = "@mcsb:NS-2 no one else may reach the database"
  }

  assert {
    condition     = alltrue([for rule in azurerm_network_security_rule.deny : rule.access == "Deny" && rule.priority == 4096 && rule.source_address_prefix == "*"]) && length(azurerm_network_security_rule.deny) == 3
    error_message = "@mcsb:NS-1 every subnet must deny the rest"
  }
}

run "operators_come_from_their_networks" {
  command = plan

  variables {
    operator_networks = ["10.9.0.0/24", "10.9.1.0/24"]
  }

  assert {
    condition     = azurerm_network_security_rule.accept["postgres-operators"].source_address_prefixes == toset(["10.9.0.0/24", "10.9.1.0/24"])
    error_message = "operators must reach the database from their networks"
  }
}

run "every_private_network_may_be_an_operators" {
  command = plan

  variables {
    operator_networks = ["10.9.0.0/24", "100.127.0.0/16", "172.31.4.0/24", "192.168.0.0/16"]
  }

  assert {
    condition     = length(azurerm_network_security_rule.accept["postgres-operators"].source_address_prefixes) == 4
    error_message = "private networks are accepted"
  }
}

run "networks_of_the_internet_are_no_operators" {
  command = plan

  variables {
    operator_networks = ["52.0.0.0/8"]
  }

  expect_failures = [var.operator_networks]
}

run "the_internet_is_no_operator" {
  command = plan

  variables {
    operator_networks = ["0.0.0.0/0"]
  }

  expect_failures = [var.operator_networks]
}

run "a_small_network_is_refused" {
  command = plan

  variables {
    address_space = "10.20.0.0/25"
  }

  expect_failures = [var.address_space]
}
