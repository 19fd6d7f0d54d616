output "id" {
  description = "Id of the private endpoint; what needs the target's name depends on it."
  value       = azurerm_private_endpoint.main.id
}
