# The values are those of terraform.tfvars beside this file.
mock_provider "azurerm" {}

run "subjects_are_immutable_and_bound_to_an_environment" {
  command = plan

  assert {
    condition = { for name, credential in azurerm_federated_identity_credential.workflow : name => credential.subject } == {
      for name in ["dev", "dev-plan", "staging", "staging-plan", "production", "production-plan"] : name => "repo:example@1001/portcullis@2002:environment:${name}"
    }
    error_message = "@mcsb:IM-3 the subject must have the ids of owner and repository, and the environment"
  }

  assert {
    condition = alltrue([
      for credential in concat(values(azurerm_federated_identity_credential.workflow), [azurerm_federated_identity_credential.release]) :
      credential.issuer == "https://token.actions.githubusercontent.com" && credential.audience == tolist(["api://AzureADTokenExchange"])
    ])
    error_message = "@mcsb:IM-3 only tokens of GitHub for Azure"
  }
}

run "who_plans_changes_nothing" {
  command = plan

  assert {
    condition = alltrue([
      for name, assignment in azurerm_role_assignment.environment :
      assignment.role_definition_name == (endswith(name, "-plan") ? "Reader" : "Contributor")
    ])
    error_message = "@mcsb:PA-7 the identity that plans must only read"
  }

  assert {
    condition = alltrue([
      for name, assignment in azurerm_role_assignment.state :
      assignment.role_definition_name == (endswith(name, "-plan") ? "Storage Blob Data Reader" : "Storage Blob Data Contributor")
    ])
    error_message = "@mcsb:PA-7 the identity that plans must not write the state"
  }
}

run "who_plans_can_refresh_apps_and_jobs" {
  command = plan

  assert {
    condition = alltrue([
      for definition in azurerm_role_definition.plan :
      toset(definition.permissions[0].actions) == toset(["Microsoft.App/containerApps/listSecrets/action", "Microsoft.App/jobs/listSecrets/action"])
    ]) && length(azurerm_role_assignment.plan) == 3
    error_message = "@mcsb:PA-7 the identity that plans needs these two actions beside Reader, and no other"
  }
}

run "roles_are_assigned_under_a_condition" {
  command = plan

  assert {
    condition = alltrue([
      for assignment in azurerm_role_assignment.assign_in_environment :
      strcontains(assignment.condition, "ForAnyOfAnyValues:GuidEquals {") && !strcontains(assignment.condition, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635")
    ])
    error_message = "@mcsb:PA-7 a deployment must not be able to assign every role"
  }
}

run "a_deployment_changes_no_assignment_in_the_registry" {
  command = plan

  # Known in a plan, unlike the ids that Azure assigns.
  override_resource {
    target          = azurerm_user_assigned_identity.pull
    override_during = plan
    values          = { principal_id = "00000000-0000-0000-0000-0000000000aa" }
  }

  override_resource {
    target          = azurerm_resource_group.environment
    override_during = plan
    values          = { id = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-environment" }
  }

  override_module {
    target          = module.registry
    override_during = plan
    outputs         = { id = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/cr", name = "cr", login_server = "cr.azurecr.io" }
  }

  assert {
    condition     = alltrue([for assignment in azurerm_role_assignment.assign_in_environment : endswith(assignment.scope, "/resourceGroups/rg-environment")])
    error_message = "@mcsb:PA-7 a deployment must assign roles in its own resource group only, never in the registry that all share"
  }

  assert {
    condition = { for environment, assignment in azurerm_role_assignment.pull : environment => "${assignment.role_definition_name} ${assignment.principal_id}" } == {
      for environment in ["dev", "staging", "production"] : environment => "AcrPull 00000000-0000-0000-0000-0000000000aa"
    }
    error_message = "@mcsb:PA-7 the identity that pulls must be allowed to pull, and nothing else"
  }

  assert {
    condition     = { for environment, identity in azurerm_user_assigned_identity.pull : environment => identity.resource_group_name } == { for environment in ["dev", "staging", "production"] : environment => "rg-portcullis-${environment}" }
    error_message = "each environment must have its own identity, in its own resource group"
  }
}

run "states_are_protected" {
  command = plan

  assert {
    condition     = azurerm_storage_account.state.shared_access_key_enabled == false && azurerm_storage_account.state.allow_nested_items_to_be_public == false
    error_message = "@mcsb:IM-1 states must be reached with tokens of Entra only"
  }

  assert {
    condition     = azurerm_storage_account.state.blob_properties[0].versioning_enabled && azurerm_management_lock.state.lock_level == "CanNotDelete"
    error_message = "@mcsb:BR-2 states must be restorable"
  }
}

run "ids_must_be_given" {
  command = plan

  variables {
    github = { owner = "example", owner_id = 0, repository = "portcullis", repository_id = 0 }
  }

  expect_failures = [var.github]
}
