# The vault and its secrets.
package portcullis.key_vault

import rego.v1

deny contains data.plan.finding("KV-01", vault.address, "it can be reached from outside of the virtual network") if {
	some vault in data.plan.of_type("azurerm_key_vault")
	not is_private(vault)
}

is_private(vault) if {
	vault.after.public_network_access_enabled == false
	vault.after.network_acls[0].default_action == "Deny"
}

deny contains data.plan.finding("KV-01", vault.address, "access is not decided by roles") if {
	some vault in data.plan.of_type("azurerm_key_vault")
	not vault.after.rbac_authorization_enabled == true
}

deny contains data.plan.finding("KV-01", vault.address, "deleted secrets can be purged") if {
	some vault in data.plan.of_type("azurerm_key_vault")
	not vault.after.purge_protection_enabled == true
}

deny contains data.plan.finding("KV-01", secret.address, "its value is stored in the state: use value_wo") if {
	some secret in data.plan.of_type("azurerm_key_vault_secret")
	not is_write_only(secret)
}

is_write_only(secret) if {
	not data.plan.is_set(secret.after, secret.unknown, "value")
	data.plan.is_set(secret.after, secret.unknown, "value_wo_version")
}

deny contains data.plan.finding("KV-01", secret.address, "it has no expiry date") if {
	some secret in data.plan.of_type("azurerm_key_vault_secret")
	not data.plan.is_set(secret.after, secret.unknown, "expiration_date")
}
