package portcullis.planted

# What this denies is in the plan of the module, and expected by no test.
deny contains {
	"rule": "PLANTED-01",
	"address": resource.address,
	"message": "not encrypted",
	"control": "planted:1",
} if {
	some resource in input.planned_values.root_module.resources
	resource.values.input.encrypted == false
}

# What this should deny, it does not.
deny contains {
	"rule": "PLANTED-02",
	"address": resource.address,
	"message": "no name",
	"control": "planted:2",
} if {
	some resource in input.planned_values.root_module.resources
	resource.values.input.name == "a typing error"
}
