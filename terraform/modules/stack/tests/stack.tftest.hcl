mock_provider "azurerm" {}

variables {
  environment = "staging"
  platform = {
    tenant_id             = "00000000-0000-0000-0000-000000000001"
    subscription_id       = "00000000-0000-0000-0000-000000000002"
    location              = "westeurope"
    resource_group_name   = "rg-portcullis-staging"
    unique_suffix         = "t3st"
    deployer_object_id    = "00000000-0000-0000-0000-000000000003"
    planner_object_id     = "00000000-0000-0000-0000-000000000004"
    registry_id           = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/crt3st"
    registry_login_server = "crt3st.azurecr.io"
    pull_identity_id      = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-portcullis-staging/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pull-staging"
  }
  service = {
    owner        = "portcullis-maintainers"
    public_host  = "staging.example.org"
    alert_emails = ["operations@example.org"]
    mail         = { from = "Portcullis <no-reply@example.org>", host = "smtp.example.org", user = "portcullis" }
  }
  app_image         = "crt3st.azurecr.io/portcullis@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  job_image         = "crt3st.azurecr.io/portcullis@sha256:2222222222222222222222222222222222222222222222222222222222222222"
  revision_suffix   = "r65c1055-1"
  secrets           = { data-key = "canary-data-key", token-keys = "canary-token-keys", smtp-password = "canary-smtp-password" }
  secrets_version   = 1
  secrets_expire_on = "2027-06-01T00:00:00Z"
  size = {
    address_space      = "10.21.0.0/22"
    app                = { cpu = 1, memory = "2Gi", min_replicas = 2, max_replicas = 4, concurrent_requests = 100 }
    postgres           = { sku_name = "GP_Standard_D2ds_v5", storage_mb = 65536, retention_days = 14, zone_redundant = false }
    zone_redundant     = true
    edge               = true
    log_retention_days = 30
    budget             = { amount = 900, start_date = "2026-12-01T00:00:00Z" }
  }
}

run "the_outputs_name_what_a_deployment_works_with" {
  command = plan

  assert {
    condition     = [output.resource_group_name, output.app_name, output.job_name, output.prepare_job_name, output.key_vault_name] == ["rg-portcullis-staging", "ca-portcullis-stg", "caj-migrate-portcullis-stg", "caj-prepare-portcullis-stg", "kv-portcullis-stg-t3st"]
    error_message = "names of the parts"
  }
}

run "the_edge_is_optional" {
  command = plan

  variables {
    service = {
      owner        = "portcullis-maintainers"
      alert_emails = ["operations@example.org"]
      mail         = { from = "Portcullis <no-reply@example.org>", host = "smtp.example.org", user = "portcullis" }
    }
    size = {
      address_space      = "10.21.0.0/22"
      app                = { cpu = 1, memory = "2Gi", min_replicas = 2, max_replicas = 4, concurrent_requests = 100 }
      postgres           = { sku_name = "GP_Standard_D2ds_v5", storage_mb = 65536, retention_days = 14, zone_redundant = false }
      zone_redundant     = true
      edge               = false
      log_retention_days = 30
      budget             = { amount = 900, start_date = "2026-12-01T00:00:00Z" }
    }
  }

  assert {
    condition     = output.edge == null
    error_message = "without edge there is no Front Door"
  }
}

run "the_edge_needs_a_host" {
  command = plan

  variables {
    service = {
      owner        = "portcullis-maintainers"
      alert_emails = ["operations@example.org"]
      mail         = { from = "Portcullis <no-reply@example.org>", host = "smtp.example.org", user = "portcullis" }
    }
  }

  expect_failures = [var.size]
}

run "another_environment_is_refused" {
  command = plan

  variables {
    environment = "qa"
  }

  expect_failures = [var.environment]
}

run "a_missing_secret_is_refused" {
  command = plan

  variables {
    secrets = { data-key = "canary-data-key" }
  }

  expect_failures = [var.secrets]
}

run "an_id_that_is_none_is_refused" {
  command = plan

  variables {
    platform = {
      tenant_id             = "example.onmicrosoft.com"
      subscription_id       = "00000000-0000-0000-0000-000000000002"
      location              = "westeurope"
      resource_group_name   = "rg-portcullis-staging"
      unique_suffix         = "t3st"
      deployer_object_id    = "00000000-0000-0000-0000-000000000003"
      planner_object_id     = "00000000-0000-0000-0000-000000000004"
      registry_id           = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/crt3st"
      registry_login_server = "crt3st.azurecr.io"
      pull_identity_id      = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-portcullis-staging/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pull-staging"
    }
  }

  expect_failures = [var.platform]
}

run "the_identity_of_another_environment_is_refused" {
  command = plan

  variables {
    environment = "dev"
  }

  expect_failures = [var.platform]
}
