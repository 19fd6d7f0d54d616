# One environment: puts the modules together. The root modules in environments/ only choose its size.

locals {
  # Short: names of key vaults have 24 characters at most.
  name = "portcullis-${ { dev = "dev", staging = "stg", production = "prd" }[var.environment]}"

  tags = {
    project     = "portcullis"
    environment = var.environment
    owner       = var.service.owner
  }

  place = {
    name                = local.name
    resource_group_name = var.platform.resource_group_name
    location            = var.platform.location
    tags                = local.tags
  }

  resource_group_id = "/subscriptions/${var.platform.subscription_id}/resourceGroups/${var.platform.resource_group_name}"

  registry = {
    login_server     = var.platform.registry_login_server
    pull_identity_id = var.platform.pull_identity_id
  }

  database = {
    host = module.postgres.host
    name = "portcullis"
  }
}

module "network" {
  source = "../network"

  name                = local.place.name
  resource_group_name = local.place.resource_group_name
  location            = local.place.location
  tags                = local.place.tags
  address_space       = var.size.address_space
  operator_networks   = var.service.operator_networks
}

module "observability" {
  source = "../observability"

  name                = local.place.name
  resource_group_name = local.place.resource_group_name
  location            = local.place.location
  tags                = local.place.tags
  retention_days      = var.size.log_retention_days
  daily_quota_gb      = var.size.log_quota_gb
}

module "key_vault" {
  source = "../key-vault"

  name                = local.place.name
  resource_group_name = local.place.resource_group_name
  location            = local.place.location
  tags                = local.place.tags
  unique_suffix       = var.platform.unique_suffix
  tenant_id           = var.platform.tenant_id
  subnet_id           = module.network.endpoints_subnet_id
  virtual_network_id  = module.network.virtual_network_id
  workspace_id        = module.observability.workspace_id
  deployer_object_id  = var.platform.deployer_object_id
  planner_object_id   = var.platform.planner_object_id
  secret_names        = ["data-key", "token-keys", "smtp-password"]
  secrets             = var.secrets
  secrets_version     = var.secrets_version
  secrets_expire_on   = var.secrets_expire_on
}

module "registry_endpoint" {
  source = "../private-endpoint"

  name                = local.place.name
  resource_group_name = local.place.resource_group_name
  location            = local.place.location
  tags                = local.place.tags
  subnet_id           = module.network.endpoints_subnet_id
  virtual_network_id  = module.network.virtual_network_id
  target_id           = var.platform.registry_id
  kind                = "registry"
}

module "postgres" {
  source = "../postgres"

  name                = local.place.name
  resource_group_name = local.place.resource_group_name
  location            = local.place.location
  tags                = local.place.tags
  unique_suffix       = var.platform.unique_suffix
  tenant_id           = var.platform.tenant_id
  subnet_id           = module.network.postgres_subnet_id
  virtual_network_id  = module.network.virtual_network_id
  workspace_id        = module.observability.workspace_id
  size                = var.size.postgres
  administrators = merge(var.service.database_administrators, {
    prepare-job = merge(module.prepare_job.identity, { type = "ServicePrincipal" })
  })
}

module "environment" {
  source = "../environment"

  name                = local.place.name
  resource_group_name = local.place.resource_group_name
  location            = local.place.location
  tags                = local.place.tags
  subnet_id           = module.network.apps_subnet_id
  virtual_network_id  = module.network.virtual_network_id
  workspace_id        = module.observability.workspace_id
  zone_redundant      = var.size.zone_redundant
}

module "prepare_job" {
  source = "../migration-job"

  name                = local.place.name
  resource_group_name = local.place.resource_group_name
  location            = local.place.location
  tags                = local.place.tags
  environment_id      = module.environment.id
  registry            = local.registry
  image               = var.job_image
  database            = local.database
  action              = "prepare"
}

module "migration_job" {
  source = "../migration-job"

  name                = local.place.name
  resource_group_name = local.place.resource_group_name
  location            = local.place.location
  tags                = local.place.tags
  environment_id      = module.environment.id
  registry            = local.registry
  image               = var.job_image
  database            = local.database
  action              = "up"
}

module "app" {
  source = "../app"

  name                = local.place.name
  resource_group_name = local.place.resource_group_name
  location            = local.place.location
  tags                = local.place.tags
  environment_id      = module.environment.id
  default_domain      = module.environment.default_domain
  registry            = local.registry
  image               = var.app_image
  revision_suffix     = var.revision_suffix
  database            = local.database
  key_vault_id        = module.key_vault.id
  secret_ids          = module.key_vault.secret_ids
  public_host         = var.service.public_host
  mail                = var.service.mail
  client_networks     = var.service.client_networks
  settings            = var.service.settings
  size                = var.size.app

  network = {
    address_space = module.network.address_space
    apps_subnet   = module.network.apps_subnet
  }

  depends_on = [module.registry_endpoint]
}

module "alerts" {
  source = "../alerts"

  name                = local.place.name
  resource_group_name = local.place.resource_group_name
  location            = local.place.location
  tags                = local.place.tags
  emails              = var.service.alert_emails
  resource_group_id   = local.resource_group_id
  app_id              = module.app.id
  max_replicas        = var.size.app.max_replicas
  postgres_id         = module.postgres.id
  workspace_id        = module.observability.workspace_id
  budget              = var.size.budget
}

module "edge" {
  source = "../edge"
  count  = var.size.edge ? 1 : 0

  name                = local.place.name
  resource_group_name = local.place.resource_group_name
  location            = local.place.location
  tags                = local.place.tags
  public_host         = var.service.public_host
  origin_host         = module.app.fqdn
  environment_id      = module.environment.id
  workspace_id        = module.observability.workspace_id
}
