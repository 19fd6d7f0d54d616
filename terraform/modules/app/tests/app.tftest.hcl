mock_provider "azurerm" {}

variables {
  name                = "portcullis-prd"
  resource_group_name = "rg-portcullis-production"
  location            = "westeurope"
  tags                = { environment = "production" }
  environment_id      = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.App/managedEnvironments/cae"
  default_domain      = "calm-sea-1234.westeurope.azurecontainerapps.io"
  registry = {
    login_server     = "crt3st.azurecr.io"
    pull_identity_id = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pull-production"
  }
  image           = "crt3st.azurecr.io/portcullis@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  revision_suffix = "r65c1055-1"
  database        = { host = "psql.postgres.database.azure.com", name = "portcullis" }
  key_vault_id    = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
  secret_ids = {
    data-key      = "https://kv.vault.azure.net/secrets/data-key"
    token-keys    = "https://kv.vault.azure.net/secrets/token-keys"
    smtp-password = "https://kv.vault.azure.net/secrets/smtp-password"
  }
  network     = { address_space = "10.22.0.0/22", apps_subnet = "10.22.0.0/26" }
  public_host = "rates.example.org"
  mail        = { from = "Portcullis <no-reply@example.org>", host = "smtp.example.org", user = "portcullis" }
  size        = { cpu = 2, memory = "4Gi", min_replicas = 3, max_replicas = 10, concurrent_requests = 100 }
}

run "ingress_and_probes_use_the_port_that_the_image_listens_on" {
  command = plan

  assert {
    condition = toset([
      azurerm_container_app.main.ingress[0].target_port,
      azurerm_container_app.main.template[0].container[0].startup_probe[0].port,
      azurerm_container_app.main.template[0].container[0].liveness_probe[0].port,
      azurerm_container_app.main.template[0].container[0].readiness_probe[0].port,
    ]) == toset([3000])
    error_message = "@asvs:v5.0.0-13.2.4 ingress and probes must use the port of the service"
  }

  assert {
    condition     = { for env in azurerm_container_app.main.template[0].container[0].env : env.name => env.value }["PORTCULLIS_LISTEN"] == "0.0.0.0:3000"
    error_message = "the service must listen on the port that the ingress leads to"
  }

  assert {
    condition     = !contains([for env in azurerm_container_app.main.template[0].container[0].env : env.name], "PORTCULLIS_INTERNAL_LISTEN")
    error_message = "@asvs:v5.0.0-13.4.5 metrics must stay on the loopback interface"
  }

  assert {
    condition     = azurerm_container_app.main.ingress[0].allow_insecure_connections == false
    error_message = "@asvs:v5.0.0-12.2.1 ingress must refuse plain HTTP"
  }

  assert {
    condition     = [for rule in azurerm_container_app.main.ingress[0].ip_security_restriction : "${rule.action} ${rule.ip_address_range}"] == ["Allow 10.22.0.0/22"]
    error_message = "@mcsb:NS-1 only the virtual network may connect"
  }
}

run "a_peered_network_may_connect" {
  command = plan

  variables {
    client_networks = ["10.30.0.0/24"]
  }

  assert {
    condition     = [for rule in azurerm_container_app.main.ingress[0].ip_security_restriction : "${rule.name} ${rule.action} ${rule.ip_address_range}"] == ["virtual-network Allow 10.22.0.0/22", "client-network-1 Allow 10.30.0.0/24"]
    error_message = "the networks that were named may connect, too"
  }
}

run "networks_of_the_internet_are_refused_as_those_of_clients" {
  command = plan

  variables {
    client_networks = ["10.30.0.0/24", "52.0.0.0/8"]
  }

  expect_failures = [var.client_networks]
}

run "a_network_of_clients_wider_than_the_private_one_is_refused" {
  command = plan

  variables {
    client_networks = ["172.16.0.0/11"]
  }

  expect_failures = [var.client_networks]
}

run "the_internet_is_refused_as_a_network_of_clients" {
  command = plan

  variables {
    client_networks = ["0.0.0.0/0"]
  }

  expect_failures = [var.client_networks]
}

run "lists_of_passwords_to_refuse_are_no_secrets" {
  command = plan

  variables {
    settings = { PORTCULLIS_PASSWORD_WORDS = "rates", PORTCULLIS_BREACHED_PASSWORDS = "/data/breached" }
  }

  assert {
    condition     = contains([for env in azurerm_container_app.main.template[0].container[0].env : env.name], "PORTCULLIS_PASSWORD_WORDS")
    error_message = "such a setting must reach the service"
  }
}

run "clients_are_known_behind_the_proxies" {
  command = plan

  assert {
    condition     = endswith({ for env in azurerm_container_app.main.template[0].container[0].env : env.name => env.value }["PORTCULLIS_TRUSTED_PROXIES"], ",10.22.0.0/26")
    error_message = "the environment's proxies must be trusted"
  }

  assert {
    condition = { for env in azurerm_container_app.main.template[0].container[0].env : env.name => env.value }["PORTCULLIS_ALLOWED_HOSTS"] == join(",", [
      "rates.example.org",
      "ca-portcullis-prd.calm-sea-1234.westeurope.azurecontainerapps.io",
      "ca-portcullis-prd--r65c1055-1.calm-sea-1234.westeurope.azurecontainerapps.io",
    ])
    error_message = "the service must accept its public host, that of the app and that of the revision"
  }
}

run "secrets_are_files_from_the_vault" {
  command = plan

  assert {
    condition     = toset([for secret in azurerm_container_app.main.secret : secret.key_vault_secret_id]) == toset(values(var.secret_ids))
    error_message = "@asvs:v5.0.0-13.3.1 secrets must come from the vault"
  }

  assert {
    condition = toset([
      for env in azurerm_container_app.main.template[0].container[0].env : env.value if endswith(env.name, "_FILE")
      ]) == toset([
      for secret in keys(var.secret_ids) : "${azurerm_container_app.main.template[0].container[0].volume_mounts[0].path}/${secret}"
    ])
    error_message = "every secret must be the file that its setting names"
  }

  assert {
    condition     = azurerm_container_app.main.template[0].volume[0].storage_type == "Secret"
    error_message = "the volume must hold the secrets"
  }
}

run "a_stop_loses_no_request" {
  command = plan

  assert {
    condition     = azurerm_container_app.main.template[0].termination_grace_period_seconds >= var.shutdown.delay + var.shutdown.grace + 30
    error_message = "the platform must not kill the service before its requests have ended"
  }

  assert {
    condition = (
      var.shutdown.delay >=
      azurerm_container_app.main.template[0].container[0].readiness_probe[0].interval_seconds
      * azurerm_container_app.main.template[0].container[0].readiness_probe[0].failure_count_threshold
    )
    error_message = "the readiness probe must fail before the service stops accepting requests"
  }
}

run "traffic_stays_until_it_is_shifted" {
  command = plan

  assert {
    condition = (
      azurerm_container_app.main.revision_mode == "Multiple"
      && sum([for weight in azurerm_container_app.main.ingress[0].traffic_weight : weight.percentage]) == 100
      && alltrue([for weight in azurerm_container_app.main.ingress[0].traffic_weight : weight.latest_revision != true])
    )
    error_message = "a new revision must get no traffic by itself"
  }
}

run "each_login_has_an_identity" {
  command = plan

  assert {
    condition     = toset(keys(azurerm_user_assigned_identity.login)) == toset(["accounts", "mail", "rates", "wishes"]) && azurerm_container_app.main.identity[0].type == "UserAssigned"
    error_message = "@mcsb:IM-3 each database login must have an identity of its own"
  }

  assert {
    condition     = azurerm_role_assignment.secrets.role_definition_name == "Key Vault Secrets User"
    error_message = "@mcsb:PA-7 the identity may read secrets, no more"
  }
}

run "the_identity_of_the_environment_pulls_the_image" {
  command = plan

  override_resource {
    target          = azurerm_user_assigned_identity.app
    override_during = plan
    values          = { id = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-app" }
  }

  override_resource {
    target          = azurerm_user_assigned_identity.login
    override_during = plan
    values          = { id = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-login" }
  }

  assert {
    condition     = azurerm_container_app.main.registry[0].identity == var.registry.pull_identity_id && contains(azurerm_container_app.main.identity[0].identity_ids, var.registry.pull_identity_id)
    error_message = "@mcsb:PA-7 the app must pull with the identity that the bootstrap made, and with no role of its own in the registry"
  }

  assert {
    condition     = alltrue([for secret in azurerm_container_app.main.secret : secret.identity == azurerm_user_assigned_identity.app.id])
    error_message = "the identity that pulls must read no secret"
  }
}

run "an_image_by_tag_is_refused" {
  command = plan

  variables {
    image = "crt3st.azurecr.io/portcullis:latest"
  }

  expect_failures = [var.image]
}

run "an_image_of_another_registry_is_refused" {
  command = plan

  variables {
    image = "ghcr.io/portcullis/portcullis@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  }

  expect_failures = [var.image]
}

run "a_secret_among_the_settings_is_refused" {
  command = plan

  variables {
    settings = { PORTCULLIS_SMTP_PASSWORD = "x" }
  }

  expect_failures = [var.settings]
}

run "an_unknown_pair_of_cpu_and_memory_is_refused" {
  command = plan

  variables {
    size = { cpu = 2, memory = "3Gi", min_replicas = 3, max_replicas = 10, concurrent_requests = 100 }
  }

  expect_failures = [var.size]
}

run "a_revision_without_a_letter_first_is_refused" {
  command = plan

  variables {
    revision_suffix = "65c1055"
  }

  expect_failures = [var.revision_suffix]
}

run "unencrypted_mail_is_refused" {
  command = plan

  variables {
    mail = { from = "a@example.org", host = "smtp.example.org", user = "u", tls = "none" }
  }

  expect_failures = [var.mail]
}

run "a_short_shutdown_delay_is_refused" {
  command = plan

  variables {
    shutdown = { delay = 5 }
  }

  expect_failures = [var.shutdown]
}

run "a_missing_secret_is_refused" {
  command = plan

  variables {
    secret_ids = { data-key = "https://kv.vault.azure.net/secrets/data-key" }
  }

  expect_failures = [var.secret_ids]
}

run "a_host_with_a_scheme_is_refused" {
  command = plan

  variables {
    public_host = "https://rates.example.org"
  }

  expect_failures = [var.public_host]
}
