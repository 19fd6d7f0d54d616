# PostgreSQL: private, without passwords, backed up.
package portcullis.postgres

import rego.v1

servers := data.plan.of_type("azurerm_postgresql_flexible_server")

deny contains data.plan.finding("PG-01", server.address, "it can be reached from outside of the virtual network") if {
	some server in servers
	not is_private(server)
}

is_private(server) if {
	server.after.public_network_access_enabled == false
	data.plan.is_set(server.after, server.unknown, "delegated_subnet_id")
	data.plan.is_set(server.after, server.unknown, "private_dns_zone_id")
}

deny contains data.plan.finding("PG-01", rule.address, "a firewall rule opens the server to public addresses") if {
	some rule in data.plan.of_type("azurerm_postgresql_flexible_server_firewall_rule")
}

deny contains data.plan.finding("PG-02", server.address, "its backups are in one region only") if {
	some server in servers
	not server.after.geo_redundant_backup_enabled == true
}

deny contains data.plan.finding("PG-03", server.address, "it accepts passwords, or no tokens of Entra") if {
	some server in servers
	not is_entra_only(server)
}

is_entra_only(server) if {
	server.after.authentication[0].active_directory_auth_enabled == true
	server.after.authentication[0].password_auth_enabled == false
}

deny contains data.plan.finding("PG-04", server.address, "production has no standby in another zone") if {
	some server in servers
	not server.environment in {"dev", "staging"}
	not "ZoneRedundant" in {one.mode | some one in object.get(server.after, "high_availability", [])}
}

deny contains data.plan.finding("PG-05", server.address, "it has an administrator's password") if {
	some server in servers
	some name in ["administrator_password", "administrator_password_wo_version"]
	data.plan.is_set(server.after, server.unknown, name)
}

deny contains data.plan.finding("PG-05", server.address, sprintf("backups are not stored for %v days", [required])) if {
	some server in servers
	required := retention(server.environment)
	not stores_backups(server, required)
}

stores_backups(server, days) if server.after.backup_retention_days >= days

retention(environment) := 7 if environment in {"dev", "staging"}

retention(environment) := 35 if not environment in {"dev", "staging"}

deny contains data.plan.finding("PG-05", server.address, "no lock keeps it from being deleted") if {
	some server in servers
	locked := {address |
		some lock in data.plan.of_type("azurerm_management_lock")
		lock.after.lock_level == "CanNotDelete"
		some address in data.plan.references(lock, lock.expressions.scope)
	}
	not data.plan.without_index(server.address) in locked
}

required_parameters := {
	"pgaudit.log": {"role,ddl"},
	"ssl_min_protocol_version": {"TLSv1.2", "TLSv1.3"},
	"require_secure_transport": {"on"},
}

deny contains data.plan.finding("PG-05", server.address, sprintf("the parameter %s is not one of %s", [name, concat(", ", allowed)])) if {
	some server in servers
	some name, allowed in required_parameters
	values := {parameter.after.value |
		some parameter in data.plan.of_type("azurerm_postgresql_flexible_server_configuration")
		parameter.after.name == name
		parameter.module == server.module
	}
	count(values & allowed) != 1
}
