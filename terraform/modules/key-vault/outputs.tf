output "id" {
  description = "Id of the vault."
  value       = azurerm_key_vault.main.id
}

output "name" {
  description = "Name of the vault."
  value       = azurerm_key_vault.main.name
}

output "secret_ids" {
  description = "Version-less ids of the secrets by name; what reads them waits for the private endpoint."
  value       = { for name, secret in azurerm_key_vault_secret.main : name => secret.versionless_id }
  depends_on  = [module.endpoint]
}
