# Alerts about what users notice or soon will, and a budget.

locals {
  app_metrics      = "Microsoft.App/containerApps"
  postgres_metrics = "Microsoft.DBforPostgreSQL/flexibleServers"

  # Azure accepts a metric that does not exist; a policy (MON-01) does not.
  metrics = {
    restarts = {
      description = "Replicas restart: failed health probes, or the program ends."
      scope       = var.app_id, namespace = local.app_metrics, metric = "RestartCount", aggregation = "Total"
      operator    = "GreaterThan", threshold = 3, severity = 1, dimensions = {}
    }
    server-errors = {
      description = "Requests are answered with a status of 500 or above."
      scope       = var.app_id, namespace = local.app_metrics, metric = "Requests", aggregation = "Total"
      operator    = "GreaterThan", threshold = 10, severity = 1, dimensions = { statusCodeCategory = ["5xx"] }
    }
    no-replicas = {
      description = "No replica of the app runs."
      scope       = var.app_id, namespace = local.app_metrics, metric = "Replicas", aggregation = "Maximum"
      operator    = "LessThan", threshold = 1, severity = 0, dimensions = {}
    }
    slow-responses = {
      description = "Requests take long: milliseconds on average."
      scope       = var.app_id, namespace = local.app_metrics, metric = "ResponseTime", aggregation = "Average"
      operator    = "GreaterThan", threshold = 500, severity = 2, dimensions = {}
    }
    replicas-at-maximum = {
      description = "The app cannot grow any further."
      scope       = var.app_id, namespace = local.app_metrics, metric = "Replicas", aggregation = "Maximum"
      operator    = "GreaterThanOrEqual", threshold = var.max_replicas, severity = 2, dimensions = {}
    }
    database-down = {
      description = "The database does not run."
      scope       = var.postgres_id, namespace = local.postgres_metrics, metric = "is_db_alive", aggregation = "Maximum"
      operator    = "LessThan", threshold = 1, severity = 0, dimensions = {}
    }
    database-storage = {
      description = "The database's disk is nearly full."
      scope       = var.postgres_id, namespace = local.postgres_metrics, metric = "storage_percent", aggregation = "Average"
      operator    = "GreaterThan", threshold = 80, severity = 1, dimensions = {}
    }
    database-cpu = {
      description = "The database has no CPU left."
      scope       = var.postgres_id, namespace = local.postgres_metrics, metric = "cpu_percent", aggregation = "Average"
      operator    = "GreaterThan", threshold = 90, severity = 2, dimensions = {}
    }
    database-connections-failed = {
      description = "Connections to the database fail."
      scope       = var.postgres_id, namespace = local.postgres_metrics, metric = "connections_failed", aggregation = "Total"
      operator    = "GreaterThan", threshold = 10, severity = 2, dimensions = {}
    }
  }

  # Those that docs/logging.md marks with *: a single one needs attention.
  events = [
    "access.issue_failed",
    "access.login_compromised",
    "access.login_left",
    "access.login_lost",
    "access.revoke_failed",
    "audit.anchor_failed",
    "audit.chain_contradicted",
    "form.forged",
    "log.dropped",
    "secret.exposed",
    "session.reuse_detected",
    "vault.wrapped_secret_id_rejected",
  ]

  # Lines of the service are JSON objects (docs/logging.md).
  queries = {
    errors = {
      description = "The service logs errors."
      query       = "ContainerAppConsoleLogs | where Log has '\"level\":\"ERROR\"'"
      threshold   = 10, severity = 2
    }
    security = {
      description = "The service logs security warnings or errors."
      query       = "ContainerAppConsoleLogs | where Log has '\"target\":\"security\"' and (Log has '\"level\":\"WARN\"' or Log has '\"level\":\"ERROR\"')"
      threshold   = 20, severity = 2
    }
    # One line for each login and cause, so a threshold would miss it.
    database-logins = {
      description = "The service cannot replace the tokens of a database login."
      query       = "ContainerAppConsoleLogs | where Log has '\"level\":\"ERROR\"' and isnotempty(tostring(parse_json(Log).login))"
      threshold   = 0, severity = 1
    }
    events = {
      description = "The service logs an event that needs attention each time."
      query       = "ContainerAppConsoleLogs | where tostring(parse_json(Log).event) in ('${join("', '", local.events)}')"
      threshold   = 0, severity = 0
    }
  }
}

resource "azurerm_monitor_action_group" "main" {
  name                = "ag-${var.name}"
  resource_group_name = var.resource_group_name
  short_name          = "portcullis"
  tags                = var.tags

  dynamic "email_receiver" {
    for_each = var.emails

    content {
      name                    = email_receiver.value
      email_address           = email_receiver.value
      use_common_alert_schema = true
    }
  }
}

resource "azurerm_monitor_metric_alert" "main" {
  for_each = local.metrics

  name                = "${each.key}-${var.name}"
  description         = each.value.description
  resource_group_name = var.resource_group_name
  scopes              = [each.value.scope]
  severity            = each.value.severity
  tags                = var.tags

  criteria {
    metric_namespace = each.value.namespace
    metric_name      = each.value.metric
    aggregation      = each.value.aggregation
    operator         = each.value.operator
    threshold        = each.value.threshold

    dynamic "dimension" {
      for_each = each.value.dimensions

      content {
        name     = dimension.key
        operator = "Include"
        values   = dimension.value
      }
    }
  }

  action {
    action_group_id = azurerm_monitor_action_group.main.id
  }
}

resource "azurerm_monitor_scheduled_query_rules_alert_v2" "main" {
  for_each = local.queries

  name                 = "${each.key}-${var.name}"
  description          = each.value.description
  resource_group_name  = var.resource_group_name
  location             = var.location
  scopes               = [var.workspace_id]
  severity             = each.value.severity
  evaluation_frequency = "PT5M"
  window_duration      = "PT5M"
  tags                 = var.tags

  criteria {
    query                   = each.value.query
    time_aggregation_method = "Count"
    operator                = "GreaterThan"
    threshold               = each.value.threshold
  }

  action {
    action_groups = [azurerm_monitor_action_group.main.id]
  }
}

resource "azurerm_consumption_budget_resource_group" "main" {
  name              = "budget-${var.name}"
  resource_group_id = var.resource_group_id
  amount            = var.budget.amount

  time_period {
    start_date = var.budget.start_date
  }

  notification {
    threshold      = 80
    operator       = "GreaterThan"
    contact_emails = var.emails
  }

  notification {
    threshold      = 100
    operator       = "GreaterThan"
    threshold_type = "Forecasted"
    contact_emails = var.emails
  }
}
