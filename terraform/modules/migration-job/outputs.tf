output "name" {
  description = "Name of the job."
  value       = azurerm_container_app_job.main.name
}

output "id" {
  description = "Id of the job."
  value       = azurerm_container_app_job.main.id
}

output "identity" {
  description = "Name and object id of the job's identity."
  value = {
    name      = azurerm_user_assigned_identity.main.name
    object_id = azurerm_user_assigned_identity.main.principal_id
  }
}
