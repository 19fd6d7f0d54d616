output "workspace_id" {
  description = "Id of the workspace."
  value       = azurerm_log_analytics_workspace.main.id
}
