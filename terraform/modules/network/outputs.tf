output "virtual_network_id" {
  description = "Id of the virtual network."
  value       = azurerm_virtual_network.main.id
}

output "address_space" {
  description = "Network of the environment (CIDR)."
  value       = var.address_space
}

output "apps_subnet" {
  description = "Network (CIDR) in which the container apps and their proxies run."
  value       = local.apps_subnet
}

# What uses a subnet waits for its security group.
output "apps_subnet_id" {
  description = "Id of the subnet of the container apps."
  value       = azurerm_subnet.apps.id
  depends_on  = [azurerm_subnet_network_security_group_association.apps]
}

output "endpoints_subnet_id" {
  description = "Id of the subnet of private endpoints."
  value       = azurerm_subnet.endpoints.id
  depends_on  = [azurerm_subnet_network_security_group_association.endpoints]
}

output "postgres_subnet_id" {
  description = "Id of the subnet of PostgreSQL."
  value       = azurerm_subnet.postgres.id
  depends_on  = [azurerm_subnet_network_security_group_association.postgres]
}
