output "id" {
  description = "Id of the container app."
  value       = azurerm_container_app.main.id
}

output "name" {
  description = "Name of the container app."
  value       = azurerm_container_app.main.name
}

output "fqdn" {
  description = "Host name of the container app in the virtual network."
  value       = azurerm_container_app.main.ingress[0].fqdn
}

output "database_principals" {
  description = "Object ids of the identities by the database role that each logs in as."
  value       = { for login, identity in azurerm_user_assigned_identity.login : "portcullis_${login}" => identity.principal_id }
}
