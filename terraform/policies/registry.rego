# The registry of images.
package portcullis.registry

import rego.v1

required := {
	"sku": "Premium",
	"admin_enabled": false,
	"anonymous_pull_enabled": false,
	"export_policy_enabled": false,
	"public_network_access_enabled": false,
}

deny contains data.plan.finding("ACR-01", registry.address, sprintf("%s is not %v", [name, value])) if {
	some registry in data.plan.of_type("azurerm_container_registry")
	some name, value in required
	not registry.after[name] == value
}
