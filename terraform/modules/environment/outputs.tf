output "id" {
  description = "Id of the environment."
  value       = azurerm_container_app_environment.main.id
}

output "default_domain" {
  description = "Domain of the names of the apps."
  value       = azurerm_container_app_environment.main.default_domain
}
