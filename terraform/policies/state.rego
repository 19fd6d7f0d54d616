# The account of the Terraform states, and locks.
package portcullis.state

import rego.v1

accounts := data.plan.of_type("azurerm_storage_account")

required := {
	"shared_access_key_enabled": false,
	"local_user_enabled": false,
	"allow_nested_items_to_be_public": false,
	"https_traffic_only_enabled": true,
	"default_to_oauth_authentication": true,
}

deny contains data.plan.finding("ST-01", account.address, sprintf("%s is not %v", [name, value])) if {
	some account in accounts
	some name, value in required
	not account.after[name] == value
}

deny contains data.plan.finding("ST-01", account.address, "overwritten or deleted states cannot be restored") if {
	some account in accounts
	not is_restorable(account)
}

is_restorable(account) if {
	properties := account.after.blob_properties[0]
	properties.versioning_enabled == true
	properties.delete_retention_policy[0].days >= 7
	properties.container_delete_retention_policy[0].days >= 7
}

deny contains data.plan.finding("ST-01", account.address, "no lock keeps it from being deleted") if {
	some account in accounts
	locked := {address |
		some lock in data.plan.of_type("azurerm_management_lock")
		lock.after.lock_level == "CanNotDelete"
		some address in data.plan.references(lock, lock.expressions.scope)
	}
	not data.plan.without_index(account.address) in locked
}

deny contains data.plan.finding("ST-01", container.address, "the container is public") if {
	some container in data.plan.of_type("azurerm_storage_container")
	container.after.container_access_type != "private"
}

deny contains data.plan.finding("ST-01", lock.address, "its scope is no id of a resource") if {
	some lock in data.plan.of_type("azurerm_management_lock")
	is_string(lock.after.scope)
	not startswith(lock.after.scope, "/subscriptions/")
}
