# Alerts, and the tags that the policies depend on.
package portcullis.observability

import rego.v1

# Azure accepts an alert about a metric that does not exist.
metrics := {
	"Microsoft.App/containerApps": {"CpuPercentage", "MemoryPercentage", "Replicas", "Requests", "ResponseTime", "RestartCount"},
	"Microsoft.DBforPostgreSQL/flexibleServers": {
		"active_connections", "connections_failed", "cpu_percent", "is_db_alive", "memory_percent", "storage_percent",
	},
}

deny contains data.plan.finding("MON-01", alert.address, sprintf("%s has no metric %s", [criteria.metric_namespace, criteria.metric_name])) if {
	some alert in data.plan.of_type("azurerm_monitor_metric_alert")
	some criteria in alert.after.criteria
	not criteria.metric_name in object.get(metrics, criteria.metric_namespace, set())
}

deny contains data.plan.finding("MON-01", alert.address, "it is sent to no one") if {
	some type in ["azurerm_monitor_metric_alert", "azurerm_monitor_scheduled_query_rules_alert_v2"]
	some alert in data.plan.of_type(type)
	count(object.get(alert.after, "action", [])) == 0
}

deny contains data.plan.finding("TAG-01", resource.address, "without a tag `environment` the policies cannot know what is required of it") if {
	some type in [
		"azurerm_container_app", "azurerm_container_app_environment", "azurerm_container_app_job",
		"azurerm_key_vault", "azurerm_postgresql_flexible_server",
	]
	some resource in data.plan.of_type(type)
	not resource.environment in {"dev", "staging", "production", "shared"}
}
