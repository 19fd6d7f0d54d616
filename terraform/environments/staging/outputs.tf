output "resource_group_name" {
  description = "Resource group of the environment."
  value       = module.stack.resource_group_name
}

output "app_name" {
  description = "Name of the container app."
  value       = module.stack.app_name
}

output "app_fqdn" {
  description = "Host name of the container app in the virtual network."
  value       = module.stack.app_fqdn
}

output "job_name" {
  description = "Name of the job that applies migrations."
  value       = module.stack.job_name
}

output "prepare_job_name" {
  description = "Name of the job that creates the roles and the database."
  value       = module.stack.prepare_job_name
}

output "key_vault_name" {
  description = "Name of the vault with the service's secrets."
  value       = module.stack.key_vault_name
}

output "database_setup_sql" {
  description = "Statements that an administrator of Entra runs once, after the job that prepares: they bind each role to its identity."
  value       = module.stack.database_setup_sql
}

output "edge" {
  description = "Host name of Front Door and the value that proves the domain; null without Front Door."
  value       = module.stack.edge
}
