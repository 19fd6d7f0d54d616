# PostgreSQL without passwords and without a public address. The database and its roles are made by `portcullis migrate prepare`,
# which must own them.

resource "azurerm_private_dns_zone" "main" {
  name                = "${var.name}.private.postgres.database.azure.com"
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "main" {
  name                = "postgres"
  private_dns_zone_id = azurerm_private_dns_zone.main.id
  virtual_network_id  = var.virtual_network_id
  tags                = var.tags
}

resource "azurerm_postgresql_flexible_server" "main" {
  name                          = "psql-${var.name}-${var.unique_suffix}"
  resource_group_name           = var.resource_group_name
  location                      = var.location
  version                       = var.size.major_version
  sku_name                      = var.size.sku_name
  storage_mb                    = var.size.storage_mb
  auto_grow_enabled             = true
  delegated_subnet_id           = var.subnet_id
  private_dns_zone_id           = azurerm_private_dns_zone.main.id
  public_network_access_enabled = false
  backup_retention_days         = var.size.retention_days
  geo_redundant_backup_enabled  = true # can only be chosen at creation
  tags                          = var.tags

  authentication {
    active_directory_auth_enabled = true
    password_auth_enabled         = false
    tenant_id                     = var.tenant_id
  }

  dynamic "high_availability" {
    for_each = var.size.zone_redundant ? ["ZoneRedundant"] : []

    content {
      mode = high_availability.value
    }
  }

  maintenance_window {
    day_of_week = 0
    start_hour  = var.size.maintenance_hour
  }

  depends_on = [azurerm_private_dns_zone_virtual_network_link.main]

  lifecycle {
    prevent_destroy = true
    # A failover swaps the zones.
    ignore_changes = [zone, high_availability[0].standby_availability_zone]
  }
}

resource "azurerm_management_lock" "main" {
  name       = "no-delete"
  scope      = azurerm_postgresql_flexible_server.main.id
  lock_level = "CanNotDelete"
  notes      = "Holds accounts, rates and the audit log."
}

resource "azurerm_postgresql_flexible_server_active_directory_administrator" "main" {
  for_each = var.administrators

  server_name         = azurerm_postgresql_flexible_server.main.name
  resource_group_name = var.resource_group_name
  object_id           = each.value.object_id
  principal_name      = each.value.name
  principal_type      = each.value.type
  tenant_id           = var.tenant_id
}

resource "azurerm_postgresql_flexible_server_configuration" "main" {
  for_each = {
    "azure.extensions"           = "PGAUDIT"
    "connection_throttle.enable" = "on"
    "log_checkpoints"            = "on"
    "log_connections"            = "on"
    "log_disconnections"         = "on"
    "log_line_prefix"            = "%m [%p] %u@%d %h "
    "pgaudit.log"                = "role,ddl" # without a value pgaudit logs nothing
    "require_secure_transport"   = "on"
    "shared_preload_libraries"   = "pg_stat_statements,pgaudit"
    "ssl_min_protocol_version"   = "TLSv1.3"
  }

  name      = each.key
  server_id = azurerm_postgresql_flexible_server.main.id
  value     = each.value
}

resource "azurerm_monitor_diagnostic_setting" "main" {
  name                       = "logs"
  target_resource_id         = azurerm_postgresql_flexible_server.main.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category_group = "allLogs"
  }

  enabled_metric {
    category = "AllMetrics"
  }
}
