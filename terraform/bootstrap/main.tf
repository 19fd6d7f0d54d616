# What must exist before an environment: the account of the states, the registry, the resource groups, and the identities of the
# workflows. Applied by a person with Owner on the subscription; its own state is local at first, then moved into the account.

provider "azurerm" {
  features {}
  subscription_id                 = var.subscription_id
  tenant_id                       = var.tenant_id
  use_oidc                        = true
  storage_use_azuread             = true
  resource_provider_registrations = "none"
  resource_providers_to_register  = var.resource_providers
}

locals {
  environments = toset(["dev", "staging", "production"])

  shared_tags = { project = "portcullis", environment = "shared", owner = var.owner }

  # Two identities for each environment, each for one GitHub environment: "dev-plan" reads, "dev" changes.
  roles = merge([
    for environment in local.environments : {
      (environment)         = { environment = environment, changes = true }
      "${environment}-plan" = { environment = environment, changes = false }
    }
  ]...)

  # The form of repositories that were created, renamed or transferred since 15 July 2026: a new repository of the same name has
  # another id, so its workflows get nothing.
  subject = "repo:${var.github.owner}@${var.github.owner_id}/${var.github.repository}@${var.github.repository_id}:environment"

  # The only roles that a deployment may assign, and only to identities.
  assignable_roles = {
    "Key Vault Secrets User"    = "4633458b-17de-408a-b874-0445c86b69e6"
    "Key Vault Secrets Officer" = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
  }
  guids = join(", ", values(local.assignable_roles))
  assignment_condition = trimspace(<<-EOT
    ((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${local.guids}} AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'})) AND ((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR (@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${local.guids}}))
  EOT
  )
}

# ---- resource groups --------------------------------------------------------------------------------------------------------

resource "azurerm_resource_group" "shared" {
  name     = "rg-portcullis-shared"
  location = var.location
  tags     = local.shared_tags
}

resource "azurerm_resource_group" "environment" {
  for_each = local.environments

  name     = "rg-portcullis-${each.key}"
  location = var.location
  tags     = merge(local.shared_tags, { environment = each.key })
}

# ---- state ------------------------------------------------------------------------------------------------------------------

resource "azurerm_storage_account" "state" {
  name                              = "stportcullis${var.unique_suffix}"
  resource_group_name               = azurerm_resource_group.shared.name
  location                          = var.location
  account_tier                      = "Standard"
  account_replication_type          = "GZRS"
  shared_access_key_enabled         = false
  default_to_oauth_authentication   = true
  allow_nested_items_to_be_public   = false
  https_traffic_only_enabled        = true
  min_tls_version                   = "TLS1_2"
  local_user_enabled                = false
  infrastructure_encryption_enabled = true
  tags                              = local.shared_tags

  blob_properties {
    versioning_enabled = true

    delete_retention_policy {
      days = 30
    }

    container_delete_retention_policy {
      days = 30
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_storage_container" "state" {
  for_each = setunion(local.environments, ["bootstrap"])

  name                  = "tfstate-${each.key}"
  storage_account_id    = azurerm_storage_account.state.id
  container_access_type = "private"

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_management_lock" "state" {
  name       = "no-delete"
  scope      = azurerm_storage_account.state.id
  lock_level = "CanNotDelete"
  notes      = "Holds the Terraform states of all environments."
}

# ---- identities of the workflows --------------------------------------------------------------------------------------------

resource "azurerm_user_assigned_identity" "workflow" {
  for_each = local.roles

  name                = "id-github-${each.key}"
  resource_group_name = azurerm_resource_group.shared.name
  location            = var.location
  tags                = merge(local.shared_tags, { environment = each.value.environment })
}

resource "azurerm_federated_identity_credential" "workflow" {
  for_each = local.roles

  name                      = "github"
  user_assigned_identity_id = azurerm_user_assigned_identity.workflow[each.key].id
  issuer                    = "https://token.actions.githubusercontent.com"
  audience                  = ["api://AzureADTokenExchange"]
  subject                   = "${local.subject}:${each.key}"
}

resource "azurerm_user_assigned_identity" "release" {
  name                = "id-github-release"
  resource_group_name = azurerm_resource_group.shared.name
  location            = var.location
  tags                = local.shared_tags
}

resource "azurerm_federated_identity_credential" "release" {
  name                      = "github"
  user_assigned_identity_id = azurerm_user_assigned_identity.release.id
  issuer                    = "https://token.actions.githubusercontent.com"
  audience                  = ["api://AzureADTokenExchange"]
  subject                   = "${local.subject}:release"
}

# A saved plan is applied by another identity than made it, so both read the state; only one writes it (plan: -lock=false).
resource "azurerm_role_assignment" "state" {
  for_each = local.roles

  scope                = azurerm_storage_container.state[each.value.environment].id
  role_definition_name = each.value.changes ? "Storage Blob Data Contributor" : "Storage Blob Data Reader"
  principal_id         = azurerm_user_assigned_identity.workflow[each.key].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "environment" {
  for_each = local.roles

  scope                = azurerm_resource_group.environment[each.value.environment].id
  role_definition_name = each.value.changes ? "Contributor" : "Reader"
  principal_id         = azurerm_user_assigned_identity.workflow[each.key].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "assign_in_environment" {
  for_each = local.environments

  scope                = azurerm_resource_group.environment[each.key].id
  role_definition_name = "Role Based Access Control Administrator"
  principal_id         = azurerm_user_assigned_identity.workflow[each.key].principal_id
  principal_type       = "ServicePrincipal"
  condition            = local.assignment_condition
  condition_version    = "2.0"
}

# Contributor includes neither locks nor the registry of the shared group. A lock can be set, but not removed.
resource "azurerm_role_definition" "lock" {
  for_each = local.environments

  name              = "Portcullis lock setter (${each.key})"
  scope             = azurerm_resource_group.environment[each.key].id
  description       = "Sets locks, and removes none."
  assignable_scopes = [azurerm_resource_group.environment[each.key].id]

  permissions {
    actions = ["Microsoft.Authorization/locks/read", "Microsoft.Authorization/locks/write"]
  }
}

resource "azurerm_role_assignment" "lock" {
  for_each = local.environments

  scope              = azurerm_resource_group.environment[each.key].id
  role_definition_id = azurerm_role_definition.lock[each.key].role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.workflow[each.key].principal_id
  principal_type     = "ServicePrincipal"
}

# azurerm reads the secrets of apps and jobs whenever it refreshes them, and Reader does not include that.
resource "azurerm_role_definition" "plan" {
  for_each = local.environments

  name              = "Portcullis planner (${each.key})"
  scope             = azurerm_resource_group.environment[each.key].id
  description       = "Lists the secrets of container apps and jobs."
  assignable_scopes = [azurerm_resource_group.environment[each.key].id]

  permissions {
    actions = ["Microsoft.App/containerApps/listSecrets/action", "Microsoft.App/jobs/listSecrets/action"]
  }
}

resource "azurerm_role_assignment" "plan" {
  for_each = local.environments

  scope              = azurerm_resource_group.environment[each.key].id
  role_definition_id = azurerm_role_definition.plan[each.key].role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.workflow["${each.key}-plan"].principal_id
  principal_type     = "ServicePrincipal"
}

# ---- registry ---------------------------------------------------------------------------------------------------------------

module "registry" {
  source = "../modules/registry"

  name                = "portcullis"
  resource_group_name = azurerm_resource_group.shared.name
  location            = var.location
  tags                = local.shared_tags
  unique_suffix       = var.unique_suffix
  importer_object_id  = azurerm_user_assigned_identity.release.principal_id
}

# The identity that an environment's app and jobs pull with. It is made here because all environments share the registry: a
# deployment that could assign a role there could also remove the assignments of the other environments. It lies in the
# environment's resource group, where the deployment may attach it.
resource "azurerm_user_assigned_identity" "pull" {
  for_each = local.environments

  name                = "id-pull-${each.key}"
  resource_group_name = azurerm_resource_group.environment[each.key].name
  location            = var.location
  tags                = merge(local.shared_tags, { environment = each.key })
}

resource "azurerm_role_assignment" "pull" {
  for_each = local.environments

  scope                = module.registry.id
  role_definition_name = "AcrPull"
  principal_id         = azurerm_user_assigned_identity.pull[each.key].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_definition" "registry_endpoint" {
  name              = "Portcullis registry endpoint"
  scope             = azurerm_resource_group.shared.id
  description       = "Connects private endpoints to the registry."
  assignable_scopes = [azurerm_resource_group.shared.id]

  permissions {
    actions = [
      "Microsoft.ContainerRegistry/registries/read",
      "Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action",
    ]
  }
}

resource "azurerm_role_assignment" "registry_endpoint" {
  for_each = local.environments

  scope              = module.registry.id
  role_definition_id = azurerm_role_definition.registry_endpoint.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.workflow[each.key].principal_id
  principal_type     = "ServicePrincipal"
}
