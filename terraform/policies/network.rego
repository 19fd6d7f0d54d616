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

deny contains data.plan.finding("NET-02", rule.address, "it accepts connections from the internet, or from sources that are not known") if {
	some rule in data.plan.of_type("azurerm_network_security_rule")
	rule.after.direction == "Inbound"
	rule.after.access == "Allow"
	not has_known_sources(rule)
}

has_known_sources(rule) if {
	sources := array.concat([source | source := rule.after.source_address_prefix; source != null], source_prefixes(rule))
	every name in ["source_address_prefix", "source_address_prefixes"] {
		object.get(rule.unknown, name, false) in {false, null, []}
	}
	count(sources) > 0
	every source in sources {
		is_inner(source)
	}
}

source_prefixes(rule) := rule.after.source_address_prefixes if is_array(rule.after.source_address_prefixes)

source_prefixes(rule) := [] if not is_array(rule.after.source_address_prefixes)

# Names of Azure for its own networks: of the virtual network with its peered ones, and of its load balancers' probes.
is_inner(source) if source in {"AzureLoadBalancer", "VirtualNetwork"}

is_inner(source) if data.plan.is_private(source)

# Azure reports the rules of its own resources in `security_rule` as well, so what counts is what the code says.
deny contains data.plan.finding("NET-02", group.address, "its rules are not resources of their own, so their sources are not checked") if {
	some group in data.plan.of_type("azurerm_network_security_group")
	group.expressions.security_rule
}

deny contains data.plan.finding("NET-02", address.address, "no resource has a public address of its own") if {
	some type in ["azurerm_public_ip", "azurerm_public_ip_prefix"]
	some address in data.plan.of_type(type)
}
