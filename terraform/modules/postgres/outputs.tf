output "id" {
  description = "Id of the server."
  value       = azurerm_postgresql_flexible_server.main.id
}

output "host" {
  description = "Host name of the server, which its certificate names."
  value       = azurerm_postgresql_flexible_server.main.fqdn
}
