output "id" {
  description = "Id of the registry."
  value       = azurerm_container_registry.main.id
}

output "name" {
  description = "Name of the registry."
  value       = azurerm_container_registry.main.name
}

output "login_server" {
  description = "Host name with which images begin."
  value       = azurerm_container_registry.main.login_server
}
