# What the policies read: the JSON form of a plan. A value that Terraform does not know yet is absent from `after` and true in
# `unknown`; for those the configuration names the resources that they come from.
package plan

import rego.v1

# Every rule, with the requirement of ASVS 5.0.0 or of the Microsoft Cloud Security Benchmark that it implements.
rules := [
	{"rule": "ACA-01", "control": "asvs:v5.0.0-12.2.1"},
	{"rule": "ACA-02", "control": "mcsb:IM-3"},
	{"rule": "ACA-03", "control": "mcsb:NS-2"},
	{"rule": "ACA-04", "control": "mcsb:NS-1"},
	{"rule": "ACA-05", "control": "mcsb:BR-1"},
	{"rule": "ACA-06", "control": "mcsb:DP-2"},
	{"rule": "ACA-07", "control": "mcsb:AM-2"},
	{"rule": "ACA-08", "control": "asvs:v5.0.0-15.2.4"},
	{"rule": "ACA-09", "control": "mcsb:IM-3"},
	{"rule": "ACA-10", "control": "asvs:v5.0.0-13.3.1"},
	{"rule": "ACA-11", "control": "asvs:v5.0.0-13.3.1"},
	{"rule": "ACA-12", "control": "asvs:v5.0.0-13.2.4"},
	{"rule": "ACA-13", "control": "mcsb:BR-1"},
	{"rule": "ACA-14", "control": "mcsb:BR-1"},
	{"rule": "ACA-15", "control": "mcsb:PV-1"},
	{"rule": "ACA-16", "control": "mcsb:LT-4"},
	{"rule": "ACA-17", "control": "mcsb:PV-1"},
	{"rule": "ACA-18", "control": "asvs:v5.0.0-13.4.5"},
	{"rule": "NET-01", "control": "mcsb:NS-1"},
	{"rule": "NET-02", "control": "mcsb:NS-1"},
	{"rule": "FD-01", "control": "mcsb:NS-6"},
	{"rule": "PG-01", "control": "mcsb:NS-2"},
	{"rule": "PG-02", "control": "mcsb:BR-1"},
	{"rule": "PG-03", "control": "mcsb:IM-1"},
	{"rule": "PG-04", "control": "mcsb:BR-1"},
	{"rule": "PG-05", "control": "mcsb:DP-3"},
	{"rule": "KV-01", "control": "mcsb:DP-8"},
	{"rule": "ACR-01", "control": "mcsb:NS-2"},
	{"rule": "ID-01", "control": "mcsb:PA-7"},
	{"rule": "ID-02", "control": "mcsb:IM-3"},
	{"rule": "ID-03", "control": "mcsb:PA-7"},
	{"rule": "ST-01", "control": "mcsb:DP-8"},
	{"rule": "MON-01", "control": "mcsb:LT-3"},
	{"rule": "TAG-01", "control": "mcsb:AM-1"},
]

controls := {entry.rule: entry.control | some entry in rules}

finding(rule, address, message) := {
	"rule": rule,
	"address": address,
	"message": message,
	"control": controls[rule],
}

# Every resource that exists after the plan was applied.
resources := [resource |
	some change in input.resource_changes
	change.mode == "managed"
	is_object(change.change.after)
	resource := {
		"address": change.address,
		"type": change.type,
		"module": object.get(change, "module_address", ""),
		"after": change.change.after,
		"unknown": unknown_of(change),
		"expressions": object.get(expressions, configuration_key(change), {}),
		"environment": object.get(tags_of(change), "environment", ""),
	}
]

of_type(type) := [resource | some resource in resources; resource.type == type]

unknown_of(change) := change.change.after_unknown if is_object(change.change.after_unknown)

unknown_of(change) := {} if not is_object(change.change.after_unknown)

tags_of(change) := change.change.after.tags if is_object(change.change.after.tags)

tags_of(change) := {} if not is_object(object.get(change.change.after, "tags", null))

# ---- known or not ------------------------------------------------------------------------------------------------------

# The attribute has a value, which may be unknown yet.
is_set(after, _, name) if not object.get(after, name, null) in {null, ""}

is_set(_, unknown, name) if unknown[name] == true

# The nth block of a list in `unknown`, where a block without unknown values is {}.
block(unknown, name, index) := unknown[name][index] if is_object(unknown[name][index])

block(unknown, name, index) := {} if not is_object(unknown[name][index])

# ---- the configuration -------------------------------------------------------------------------------------------------

# The expressions of each resource by the names of its modules, its type and its name.
expressions[key] := resource.expressions if {
	some module in array.concat(array.concat(root, calls(root)), array.concat(calls(calls(root)), calls(calls(calls(root)))))
	some resource in object.get(module.content, "resources", [])
	resource.mode == "managed"
	key := concat("/", array.concat(module.path, [resource.address]))
}

root := [{"path": [], "content": input.configuration.root_module}]

# The modules that modules call. Three levels are read: deeper ones have no expressions, and are denied what needs them.
calls(modules) := [called |
	some module in modules
	some name, call in object.get(module.content, "module_calls", {})
	called := {"path": array.concat(module.path, [name]), "content": call.module}
]

configuration_key(change) := concat("/", array.concat(module_names(change), [sprintf("%s.%s", [change.type, change.name])]))

# module.a[0].module.b: a, b
module_names(change) := [split(step, "[")[0] |
	some index, step in split(object.get(change, "module_address", ""), ".")
	index % 2 == 1
]

# The resources that an expression refers to, as addresses without index. Modules refer to their own resources only; what comes in
# by a variable is not resolved.
references(resource, expression) := {address |
	some reference in object.get(expression, "references", [])
	parts := split(reference, ".")
	startswith(parts[0], "azurerm_")
	count(parts) > 1
	address := concat(".", array.concat([module | module := resource.module; module != ""], [parts[0], split(parts[1], "[")[0]]))
}

# The address without the index of its last part.
without_index(address) := regex.replace(address, `\[[^\]]*\]$`, "")

# ---- IPv4 networks -----------------------------------------------------------------------------------------------------

first_address(network) := ((((octets[0] * 256) + octets[1]) * 256) + octets[2]) * 256 + octets[3] if {
	regex.match(`^[0-9]+(\.[0-9]+){3}/[0-9]+$`, network)
	octets := [to_number(octet) | some octet in split(split(network, "/")[0], ".")]
	count(octets) == 4
}

addresses(network) := product(factors) if {
	host_bits := 32 - to_number(split(network, "/")[1])
	factors := [2 | some bit in numbers.range(0, host_bits); bit > 0]
}

contains_network(outer, inner) if {
	first_address(outer) <= first_address(inner)
	first_address(inner) + addresses(inner) <= first_address(outer) + addresses(outer)
}

# RFC 1918, and the addresses that RFC 6598 reserves for carriers. No host of the internet has one of them.
private_networks := ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"]

# A network of private addresses, or one address.
is_private(network) if {
	is_string(network)
	some private in private_networks
	contains_network(private, with_length(network))
}

with_length(network) := network if contains(network, "/")

with_length(network) := concat("", [network, "/32"]) if not contains(network, "/")

overlap(one, other) if {
	first_address(one) < first_address(other) + addresses(other)
	first_address(other) < first_address(one) + addresses(one)
}
