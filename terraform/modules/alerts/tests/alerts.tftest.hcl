mock_provider "azurerm" {}

variables {
  name                = "portcullis-prd"
  resource_group_name = "rg-portcullis-production"
  location            = "westeurope"
  tags                = { environment = "production" }
  emails              = ["operations@example.org"]
  resource_group_id   = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-portcullis-production"
  app_id              = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.App/containerApps/ca"
  max_replicas        = 10
  postgres_id         = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.DBforPostgreSQL/flexibleServers/psql"
  workspace_id        = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
  budget              = { amount = 2500, start_date = "2026-12-01T00:00:00Z" }
}

run "every_alert_is_sent" {
  command = plan

  assert {
    condition     = alltrue([for alert in azurerm_monitor_metric_alert.main : length(alert.action) == 1]) && length(azurerm_monitor_metric_alert.main) == 9
    error_message = "@mcsb:LT-3 each metric alert must reach the receivers"
  }

  assert {
    condition     = [for receiver in azurerm_monitor_action_group.main.email_receiver : receiver.email_address] == ["operations@example.org"]
    error_message = "the receivers must be those that were named"
  }
}

run "a_single_event_is_enough" {
  command = plan

  assert {
    condition = (
      azurerm_monitor_scheduled_query_rules_alert_v2.main["events"].criteria[0].threshold == 0
      && azurerm_monitor_scheduled_query_rules_alert_v2.main["events"].severity == 0
      && strcontains(azurerm_monitor_scheduled_query_rules_alert_v2.main["events"].criteria[0].query, "'audit.chain_contradicted'")
      && length(azurerm_monitor_scheduled_query_rules_alert_v2.main["events"].action) == 1
    )
    error_message = "@mcsb:LT-3 a contradicted audit chain is logged once, and must alert"
  }
}

run "what_does_not_run_alerts_at_the_highest_severity" {
  command = plan

  assert {
    condition = {
      for name in ["no-replicas", "database-down"] : name => {
        criteria = [for one in azurerm_monitor_metric_alert.main[name].criteria : "${one.metric_name} ${one.aggregation} ${one.operator} ${one.threshold}"]
        severity = azurerm_monitor_metric_alert.main[name].severity
      }
      } == {
      no-replicas   = { criteria = ["Replicas Maximum LessThan 1"], severity = 0 }
      database-down = { criteria = ["is_db_alive Maximum LessThan 1"], severity = 0 }
    }
    error_message = "@mcsb:LT-3 an app without replicas and a database that does not run must alert"
  }
}

run "the_limit_of_replicas_is_that_of_the_app" {
  command = plan

  assert {
    condition     = azurerm_monitor_metric_alert.main["replicas-at-maximum"].criteria[0].threshold == 10
    error_message = "the alert must fire when the app cannot grow"
  }
}

run "a_budget_begins_with_a_month" {
  command = plan

  variables {
    budget = { amount = 2500, start_date = "2026-12-02T00:00:00Z" }
  }

  expect_failures = [var.budget]
}

run "alerts_need_a_receiver" {
  command = plan

  variables {
    emails = []
  }

  expect_failures = [var.emails]
}
