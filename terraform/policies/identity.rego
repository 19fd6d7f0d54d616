# Who may do what: roles, and the identities of the workflows.
package portcullis.identity

import rego.v1

# Azure looks a role up by its name only when it is assigned, so a misspelt one passes every plan.
roles := {
	"AcrPull",
	"Container Registry Data Importer and Data Reader",
	"Contributor",
	"Key Vault Secrets Officer",
	"Key Vault Secrets User",
	"Monitoring Metrics Publisher",
	"Reader",
	"Role Based Access Control Administrator",
	"Storage Blob Data Contributor",
	"Storage Blob Data Reader",
}

assignments := data.plan.of_type("azurerm_role_assignment")

deny contains data.plan.finding("ID-01", assignment.address, sprintf("the role %s is not permitted", [name])) if {
	some assignment in assignments
	assignment.expressions.role_definition_name
	name := object.get(assignment.after, "role_definition_name", "unknown yet")
	not name in roles
}

# Azure reports a name for these as well, so what counts is what the code says.
deny contains data.plan.finding("ID-01", assignment.address, "the role is neither named nor declared in its module") if {
	some assignment in assignments
	not assignment.expressions.role_definition_name
	count([address |
		some address in data.plan.references(assignment, object.get(assignment.expressions, "role_definition_id", {}))
		contains(address, "azurerm_role_definition.")
	]) == 0
}

# Owner, User Access Administrator
deny contains data.plan.finding("ID-01", assignment.address, "the role may assign every other one") if {
	some assignment in assignments
	is_string(assignment.after.role_definition_id)
	some guid in ["8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"]
	contains(assignment.after.role_definition_id, guid)
}

deny contains data.plan.finding("ID-01", assignment.address, "the right to assign roles is not limited by a condition") if {
	some assignment in assignments
	assignment.after.role_definition_name == "Role Based Access Control Administrator"
	not is_limited(assignment)
}

is_limited(assignment) if {
	is_string(assignment.after.condition)
	contains(assignment.after.condition, "RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {")
}

deny contains data.plan.finding("ID-01", definition.address, sprintf("%s permits too much", [action])) if {
	some definition in data.plan.of_type("azurerm_role_definition")
	some permission in definition.after.permissions
	some action in permission.actions
	is_broad(action)
}

is_broad(action) if contains(action, "*")

is_broad(action) if startswith(lower(action), "microsoft.authorization/role")

credentials := data.plan.of_type("azurerm_federated_identity_credential")

deny contains data.plan.finding("ID-02", credential.address, sprintf("the subject has no ids, or is not bound to an environment: %s", [subject])) if {
	some credential in credentials
	subject := object.get(credential.after, "subject", "unknown yet")
	not regex.match(`^repo:[^@/:]+@[0-9]+/[^@/:]+@[0-9]+:environment:[a-z0-9-]+$`, subject)
}

deny contains data.plan.finding("ID-02", credential.address, "the token may come from elsewhere than from GitHub, or be meant for others") if {
	some credential in credentials
	not is_github(credential)
}

is_github(credential) if {
	credential.after.issuer == "https://token.actions.githubusercontent.com"
	credential.after.audience == ["api://AzureADTokenExchange"]
}
