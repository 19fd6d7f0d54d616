output "platform" {
  description = "By environment: the value of its variable platform."
  value = {
    for environment in local.environments : environment => {
      tenant_id             = var.tenant_id
      subscription_id       = var.subscription_id
      location              = var.location
      resource_group_name   = azurerm_resource_group.environment[environment].name
      unique_suffix         = var.unique_suffix
      deployer_object_id    = azurerm_user_assigned_identity.workflow[environment].principal_id
      planner_object_id     = azurerm_user_assigned_identity.workflow["${environment}-plan"].principal_id
      registry_id           = module.registry.id
      registry_login_server = module.registry.login_server
      pull_identity_id      = azurerm_user_assigned_identity.pull[environment].id
    }
  }
}

output "backend" {
  description = "By environment: the settings of its backend that are not in its code."
  value = {
    for name, container in azurerm_storage_container.state : name => {
      storage_account_name = azurerm_storage_account.state.name
      container_name       = container.name
    }
  }
}

output "registry_name" {
  description = "Name of the registry, for `az acr import`."
  value       = module.registry.name
}

output "client_ids" {
  description = "By GitHub environment: the value of ARM_CLIENT_ID there. It is no secret."
  value = merge(
    { for name, identity in azurerm_user_assigned_identity.workflow : name => identity.client_id },
    { release = azurerm_user_assigned_identity.release.client_id }
  )
}
