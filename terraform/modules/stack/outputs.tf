output "resource_group_name" {
  description = "Resource group of the environment."
  value       = var.platform.resource_group_name
}

output "app_name" {
  description = "Name of the container app."
  value       = module.app.name
}

output "app_fqdn" {
  description = "Host name of the container app in the virtual network."
  value       = module.app.fqdn
}

output "job_name" {
  description = "Name of the job that applies migrations."
  value       = module.migration_job.name
}

output "prepare_job_name" {
  description = "Name of the job that creates the roles and the database."
  value       = module.prepare_job.name
}

output "key_vault_name" {
  description = "Name of the vault with the service's secrets."
  value       = module.key_vault.name
}

output "database_setup_sql" {
  description = "Statements that an administrator of Entra runs once, after the job that prepares: they bind each role to its identity."
  value = join("", [
    for role, object_id in merge(module.app.database_principals, { portcullis_migrator = module.migration_job.identity.object_id }) :
    "SECURITY LABEL FOR pgaadauth ON ROLE ${role} IS 'aadauth,oid=${object_id},type=service';\n"
  ])
}

output "edge" {
  description = "Host name of Front Door and the value that proves the domain; null without Front Door."
  value       = one([for edge in module.edge : { endpoint_host = edge.endpoint_host, validation_token = edge.validation_token }])
}
