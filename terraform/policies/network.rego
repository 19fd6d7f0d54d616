# Networks, subnets, names and who may connect.
package portcullis.network

import rego.v1

networks := data.plan.of_type("azurerm_virtual_network")

subnets := data.plan.of_type("azurerm_subnet")

deny contains data.plan.finding("NET-01", subnet.address, sprintf("%s is outside of the virtual network", [prefix])) if {
	some subnet in subnets
	some prefix in subnet.after.address_prefixes
	not is_inside(subnet, prefix)
}

deny contains data.plan.finding("NET-01", subnet.address, "its addresses cannot be read from the plan") if {
	some subnet in subnets
	count([prefix | some prefix in object.get(subnet.after, "address_prefixes", []); regex.match(`^[0-9]+(\.[0-9]+){3}/[0-9]+$`, prefix)]) == 0
}

is_inside(subnet, prefix) if {
	some network in networks
	network.after.name == subnet.after.virtual_network_name
	some space in network.after.address_space
	data.plan.contains_network(space, prefix)
}

deny contains data.plan.finding("NET-01", subnet.address, sprintf("%s overlaps with %s of %s", [prefix, taken, other.address])) if {
	some subnet in subnets
	some other in subnets
	subnet.address < other.address
	subnet.after.virtual_network_name == other.after.virtual_network_name
	some prefix in subnet.after.address_prefixes
	some taken in other.after.address_prefixes
	data.plan.overlap(prefix, taken)
}

# Azure creates a zone of any name, and never uses it.
deny contains data.plan.finding("NET-01", zone.address, sprintf("no service looks for its names in the zone %s", [zone.after.name])) if {
	some zone in data.plan.of_type("azurerm_private_dns_zone")
	is_string(zone.after.name)
	not is_used(zone.after.name)
	not is_of_environment(zone)
}

# Its name is the domain that Azure gave to the environment of Container Apps.
is_of_environment(zone) if {
	some address in data.plan.references(zone, zone.expressions.name)
	contains(address, "azurerm_container_app_environment.")
}

is_used(name) if name in {"privatelink.azurecr.io", "privatelink.vaultcore.azure.net"}

is_used(name) if endswith(name, ".postgres.database.azure.com")

deny contains data.plan.finding("NET-02", subnet.address, "no security group is associated with it") if {
	some subnet in subnets
	associated := {address |
		some association in data.plan.of_type("azurerm_subnet_network_security_group_association")
		some address in data.plan.references(association, association.expressions.subnet_id)
	}
	not data.plan.without_index(subnet.address) in associated
}

deny contains data.plan.finding("NET-02", rule.address, "it accepts connections from the internet") if {
	some rule in data.plan.of_type("azurerm_network_security_rule")
	rule.after.direction == "Inbound"
	rule.after.access == "Allow"
	some source in array.concat([object.get(rule.after, "source_address_prefix", null)], sources(rule))
	is_string(source)
	is_internet(source)
}

sources(rule) := rule.after.source_address_prefixes if is_array(rule.after.source_address_prefixes)

sources(rule) := [] if not is_array(rule.after.source_address_prefixes)

is_internet(source) if lower(source) in {"*", "internet", "any"}

is_internet(source) if endswith(source, "/0")
