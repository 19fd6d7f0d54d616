mock_provider "azurerm" {}

variables {
  name                = "portcullis-prd"
  resource_group_name = "rg-portcullis-production"
  location            = "westeurope"
  tags                = { environment = "production" }
  environment_id      = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.App/managedEnvironments/cae"
  registry = {
    login_server     = "crt3st.azurecr.io"
    pull_identity_id = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pull-production"
  }
  image    = "crt3st.azurecr.io/portcullis@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  database = { host = "psql.postgres.database.azure.com", name = "portcullis" }
  action   = "up"
}

run "it_runs_once_when_it_is_started" {
  command = plan

  assert {
    condition = (
      azurerm_container_app_job.main.replica_retry_limit == 0
      && azurerm_container_app_job.main.manual_trigger_config[0].parallelism == 1
      && azurerm_container_app_job.main.replica_timeout_in_seconds == 1800
    )
    error_message = "a failed migration must not be repeated by the platform"
  }

  assert {
    condition     = azurerm_container_app_job.main.template[0].container[0].command == tolist(["/portcullis", "migrate", "up"])
    error_message = "the job must migrate"
  }

  assert {
    condition     = azurerm_container_app_job.main.name == "caj-migrate-portcullis-prd"
    error_message = "the name of the job"
  }
}

run "it_logs_in_with_tokens" {
  command = plan

  assert {
    condition     = { for env in azurerm_container_app_job.main.template[0].container[0].env : env.name => env.value if env.name == "PORTCULLIS_DATABASE_CREDENTIALS" }["PORTCULLIS_DATABASE_CREDENTIALS"] == "entra"
    error_message = "@mcsb:IM-3 the job must have no password"
  }

  assert {
    condition     = length(azurerm_container_app_job.main.secret) == 0
    error_message = "@asvs:v5.0.0-13.3.1 the job needs no secret"
  }
}

run "the_identity_of_the_environment_pulls_the_image" {
  command = plan

  override_resource {
    target          = azurerm_user_assigned_identity.main
    override_during = plan
    values          = { id = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-migrate" }
  }

  assert {
    condition     = azurerm_container_app_job.main.registry[0].identity == var.registry.pull_identity_id && contains(azurerm_container_app_job.main.identity[0].identity_ids, var.registry.pull_identity_id)
    error_message = "@mcsb:PA-7 the job must pull with the identity that the bootstrap made, and with no role of its own in the registry"
  }
}

run "the_job_that_prepares_is_the_administrator" {
  command = plan

  variables {
    action = "prepare"
  }

  assert {
    condition     = { for env in azurerm_container_app_job.main.template[0].container[0].env : env.name => env.value }["PORTCULLIS_DATABASE_ADMIN_USER"] == azurerm_user_assigned_identity.main.name
    error_message = "PostgreSQL knows the administrator by the name of the identity"
  }
}

run "reverting_is_no_job" {
  command = plan

  variables {
    action = "down"
  }

  expect_failures = [var.action]
}

run "an_image_by_tag_is_refused" {
  command = plan

  variables {
    image = "crt3st.azurecr.io/portcullis:latest"
  }

  expect_failures = [var.image]
}

run "a_day_is_too_long" {
  command = plan

  variables {
    timeout_seconds = 86400
  }

  expect_failures = [var.timeout_seconds]
}
