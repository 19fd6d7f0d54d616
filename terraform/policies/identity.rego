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

# Key Vault Secrets User and Officer.
assignable := {
	"4633458b-17de-408a-b874-0445c86b69e6",
	"b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
}

# The condition without the ids of the roles.
limit := concat("", [
	"((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR ",
	"(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {} AND ",
	"@Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'})) AND ",
	"((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR ",
	"(@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {}))",
])

is_limited(assignment) if {
	is_string(assignment.after.condition)
	regex.replace(assignment.after.condition, `\{[0-9a-f, -]+\}`, "{}") == limit
	every guid in regex.find_n(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`, assignment.after.condition, -1) {
		guid in assignable
	}
}

# What environments share, such as the registry, has the assignments of all of them: who may assign roles there may remove those of
# another environment.
deny contains data.plan.finding("ID-03", assignment.address, "the right to assign roles reaches beyond the resource group of its environment") if {
	some assignment in assignments
	assignment.after.role_definition_name == "Role Based Access Control Administrator"
	not is_in_own_group(assignment)
}

# assign_in_environment["dev"] is of workflow["dev"], in environment["dev"].
is_in_own_group(assignment) if {
	assignment.expressions.scope.references == ["azurerm_resource_group.environment", "each.key"]
	assignment.expressions.principal_id.references == ["azurerm_user_assigned_identity.workflow", "each.key"]
}

# All that a role of our own may permit. Not locks/delete: a lock must be removed by a person.
permitted := {
	"Microsoft.App/containerApps/listSecrets/action",
	"Microsoft.App/jobs/listSecrets/action",
	"Microsoft.Authorization/locks/read",
	"Microsoft.Authorization/locks/write",
	"Microsoft.ContainerRegistry/registries/privateEndpointConnectionsApproval/action",
	"Microsoft.ContainerRegistry/registries/read",
}

deny contains data.plan.finding("ID-01", definition.address, "its permissions are not known, or more than roles of our own may have") if {
	some definition in data.plan.of_type("azurerm_role_definition")
	not is_permitted(definition)
}

is_permitted(definition) if {
	count(definition.after.permissions) > 0
	every permission in definition.after.permissions {
		is_array(permission.actions)
		{action | some action in permission.actions} - permitted == set()
		object.get(permission, "data_actions", null) in {null, []}
	}
}

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

# workflow["dev"] is the credential of the identity workflow["dev"], and its subject ends with environment:dev.
deny contains data.plan.finding("ID-02", credential.address, "the identity is not that of the subject's environment") if {
	some credential in credentials
	not is_of_environment(credential)
}

is_of_environment(credential) if {
	parts := split(credential.address, "[")
	count(parts) == 2
	endswith(object.get(credential.after, "subject", ""), concat("", [":environment:", trim(parts[1], `"]`)]))
	credential.expressions.user_assigned_identity_id.references[_] == "each.key"
	has_identity(credential)
}

is_of_environment(credential) if {
	not contains(credential.address, "[")
	endswith(object.get(credential.after, "subject", ""), concat("", [":environment:", regex.replace(credential.address, `^.*\.`, "")]))
	has_identity(credential)
}

has_identity(credential) if {
	identity := replace(data.plan.without_index(credential.address), "azurerm_federated_identity_credential", "azurerm_user_assigned_identity")
	data.plan.references(credential, credential.expressions.user_assigned_identity_id) == {identity}
}
