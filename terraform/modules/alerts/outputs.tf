output "action_group_id" {
  description = "Id of the group that alerts are sent to."
  value       = azurerm_monitor_action_group.main.id
}
