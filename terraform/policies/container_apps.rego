# Container apps, their jobs and their environment.
package portcullis.container_apps

import rego.v1

apps := data.plan.of_type("azurerm_container_app")

jobs := data.plan.of_type("azurerm_container_app_job")

workloads := array.concat(apps, jobs)

environments := data.plan.of_type("azurerm_container_app_environment")

containers(workload) := array.concat(template.container, object.get(template, "init_container", [])) if {
	template := workload.after.template[0]
}

# The values of a container's environment variables that are known.
settings(container) := {env.name: env.value |
	some env in object.get(container, "env", [])
	is_string(env.value)
}

# The default of a setting must not be assumed if it is one of these: its value is not known yet, or a secret.
unreadable(container) := {env.name |
	some env in object.get(container, "env", [])
	not is_string(object.get(env, "value", null))
}

# ---- ACA-01, ACA-04, ACA-12, ACA-18: ingress ---------------------------------------------------------------------------

deny contains data.plan.finding("ACA-01", app.address, "the ingress accepts plain HTTP") if {
	some app in apps
	some ingress in app.after.ingress
	not ingress.allow_insecure_connections == false
}

# Without it the rules about an ingress would find nothing to deny.
deny contains data.plan.finding("ACA-04", app.address, "it has no ingress, or one that cannot be read from the plan") if {
	some app in apps
	not has_readable_ingress(app)
}

has_readable_ingress(app) if {
	is_array(app.after.ingress)
	count(app.after.ingress) > 0
	object.get(app.unknown, "ingress", []) != true
}

deny contains data.plan.finding("ACA-04", app.address, "the ingress is not restricted to the networks of Allow rules") if {
	some app in apps
	some ingress in app.after.ingress
	{rule.action | some rule in object.get(ingress, "ip_security_restriction", [])} != {"Allow"}
}

deny contains data.plan.finding("ACA-04", app.address, "an Allow rule of the ingress is for a network that is not private, or not known") if {
	some app in apps
	some ingress in app.after.ingress
	some rule in object.get(ingress, "ip_security_restriction", [])
	not data.plan.is_private(object.get(rule, "ip_address_range", null))
}

deny contains data.plan.finding("ACA-12", app.address, "the image listens on the loopback interface only: PORTCULLIS_LISTEN is not set to 0.0.0.0") if {
	some app in apps
	some container in app.after.template[0].container
	not regex.match(`^0\.0\.0\.0:[0-9]+$`, object.get(settings(container), "PORTCULLIS_LISTEN", ""))
}

deny contains data.plan.finding("ACA-12", app.address, sprintf("the ingress leads to port %v, the image listens on %v", [target, port])) if {
	some app in apps
	some ingress in app.after.ingress
	some container in app.after.template[0].container
	port := listen_port(container)
	target := object.get(ingress, "target_port", "?")
	target != port
}

probes := {
	"startup_probe": "/health/startup",
	"liveness_probe": "/health/live",
	"readiness_probe": "/health/ready",
}

deny contains data.plan.finding("ACA-12", app.address, sprintf("no %s of %s on port %v", [probe, path, port])) if {
	some app in apps
	some container in app.after.template[0].container
	port := listen_port(container)
	some probe, path in probes
	count([one | some one in object.get(container, probe, []); one.port == port; one.path == path]) != 1
}

listen_port(container) := to_number(port) if {
	port := split(settings(container).PORTCULLIS_LISTEN, ":")[1]
	regex.match(`^[0-9]+$`, port)
}

deny contains data.plan.finding("ACA-18", app.address, "the internal listener, which has no authentication, is open beyond the loopback interface") if {
	some app in apps
	some container in app.after.template[0].container
	not startswith(object.get(settings(container), "PORTCULLIS_INTERNAL_LISTEN", "127.0.0.1:9464"), "127.0.0.1:")
}

deny contains data.plan.finding("ACA-18", app.address, "the address of the internal listener is not known") if {
	some app in apps
	some container in app.after.template[0].container
	"PORTCULLIS_INTERNAL_LISTEN" in unreadable(container)
}

deny contains data.plan.finding("ACA-18", app.address, "another port than HTTPS is exposed") if {
	some app in apps
	some ingress in app.after.ingress
	not object.get(ingress, "exposed_port", null) in {null, 0}
}

deny contains data.plan.finding("ACA-18", app.address, "it is not known whether another port than HTTPS is exposed") if {
	some app in apps
	data.plan.block(app.unknown, "ingress", 0).exposed_port == true
}

# ---- ACA-02, ACA-09: identities ----------------------------------------------------------------------------------------

deny contains data.plan.finding("ACA-02", workload.address, "it has no user-assigned identity, or also one of its own") if {
	some workload in workloads
	{identity.type | some identity in object.get(workload.after, "identity", [])} != {"UserAssigned"}
}

deny contains data.plan.finding("ACA-02", workload.address, "its identities are not declared in its module, so nothing shows that they are its own") if {
	some workload in workloads
	count(own_identities(workload)) == 0
}

deny contains data.plan.finding("ACA-02", workload.address, sprintf("it shares an identity with %s", [other.address])) if {
	some workload in workloads
	some other in array.concat(workloads, data.plan.of_type("azurerm_federated_identity_credential"))
	other.address != workload.address
	count(own_identities(workload) & identities(other)) > 0
}

own_identities(workload) := {identity |
	some identity in identities(workload)
	not is_pull_identity(workload, identity)
}

# What the app and the jobs of an environment share: the bootstrap made it, it pulls images and may do nothing else.
is_pull_identity(workload, id) if {
	parent := `^/subscriptions/[^/]+/resourcegroups/[^/]+/providers/microsoft\.managedidentity/userassignedidentities/id-pull-`
	regex.match(concat("", [parent, workload.environment, "$"]), lower(id))
}

# As addresses, and also as ids where they are known.
identities(workload) := ids | known if {
	ids := {address |
		some block in object.get(workload.expressions, "identity", [])
		some address in data.plan.references(workload, block.identity_ids)
		is_identity(address)
	} | {address |
		some address in data.plan.references(workload, object.get(workload.expressions, "user_assigned_identity_id", {}))
		is_identity(address)
	}
	known := {id |
		some block in object.get(workload.after, "identity", [])
		some id in object.get(block, "identity_ids", [])
		is_string(id)
	} | {id | id := workload.after.user_assigned_identity_id; is_string(id)}
}

is_identity(address) if contains(address, "azurerm_user_assigned_identity.")

deny contains data.plan.finding("ACA-09", workload.address, "it does not pull its image by the environment's identity for that alone") if {
	some workload in workloads
	not pulls_by_identity(workload)
}

pulls_by_identity(workload) if {
	registries := workload.after.registry
	count(registries) > 0
	every registry in registries {
		is_pull_identity(workload, registry.identity)
		object.get(registry, "password_secret_name", null) in {null, ""}
		object.get(registry, "username", null) in {null, ""}
	}
}

# ---- ACA-03, ACA-05, ACA-16: the environment ---------------------------------------------------------------------------

deny contains data.plan.finding("ACA-03", environment.address, "it can be reached from outside of the virtual network") if {
	some environment in environments
	not is_internal(environment)
}

is_internal(environment) if {
	environment.after.internal_load_balancer_enabled == true
	environment.after.public_network_access == "Disabled"
	data.plan.is_set(environment.after, environment.unknown, "infrastructure_subnet_id")
}

deny contains data.plan.finding("ACA-05", environment.address, "replicas are not spread over zones") if {
	some environment in environments
	environment.environment != "dev"
	not environment.after.zone_redundancy_enabled == true
}

deny contains data.plan.finding("ACA-16", environment.address, "the logs of the containers go nowhere") if {
	some environment in environments
	not has_logs(environment)
}

has_logs(environment) if {
	environment.after.logs_destination == "log-analytics"
	data.plan.is_set(environment.after, environment.unknown, "log_analytics_workspace_id")
}

has_logs(environment) if {
	environment.after.logs_destination == "azure-monitor"
	not data.plan.is_set(environment.after, environment.unknown, "log_analytics_workspace_id")
	some setting in data.plan.of_type("azurerm_monitor_diagnostic_setting")
	data.plan.without_index(environment.address) in data.plan.references(setting, setting.expressions.target_resource_id)
	"ContainerAppConsoleLogs" in {log.category | some log in setting.after.enabled_log}
	data.plan.is_set(setting.after, setting.unknown, "log_analytics_workspace_id")
}

# ---- ACA-06, ACA-07, ACA-08 --------------------------------------------------------------------------------------------

deny contains data.plan.finding("ACA-06", workload.address, sprintf("volume %s outlives the replica; the service is stateless", [volume.name])) if {
	some workload in workloads
	some volume in object.get(workload.after.template[0], "volume", [])
	not volume.storage_type in {"EmptyDir", "Secret"}
}

deny contains data.plan.finding("ACA-07", workload.address, "Azure refuses this name") if {
	some workload in workloads
	not is_name(workload.after.name, 32)
}

deny contains data.plan.finding("ACA-07", environment.address, "Azure refuses this name") if {
	some environment in environments
	not is_name(environment.after.name, 60)
}

is_name(name, longest) if {
	regex.match(`^[a-z][a-z0-9-]*[a-z0-9]$`, name)
	count(name) <= longest
	not contains(name, "--")
}

deny contains data.plan.finding("ACA-08", workload.address, sprintf("the image is not named by digest alone: %s", [image])) if {
	some workload in workloads
	some container in containers(workload)
	image := object.get(container, "image", "unknown yet")
	not regex.match(`^[a-z0-9.-]+/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$`, image)
}

deny contains data.plan.finding("ACA-08", workload.address, sprintf("the image is not from the registry of the identity that pulls: %s", [container.image])) if {
	some workload in workloads
	some container in containers(workload)
	not split(container.image, "/")[0] in {registry.server | some registry in object.get(workload.after, "registry", [])}
}

deny contains data.plan.finding("ACA-08", workload.address, "its containers cannot be read from the plan") if {
	some workload in workloads
	not has_readable_containers(workload)
}

has_readable_containers(workload) if {
	count(workload.after.template[0].container) > 0
	unknown := data.plan.block(workload.unknown, "template", 0)
	every name in ["container", "init_container"] {
		object.get(unknown, name, []) != true
	}
	object.get(workload.unknown, "template", []) != true
}

# Not the same digest: a deployment first runs the migration of the new image beside the app of the old one.
deny contains data.plan.finding("ACA-08", job.address, sprintf("its image is from another repository than that of %s", [app.address])) if {
	some app in apps
	some job in jobs
	repositories := {split(split(container.image, "@")[0], ":")[0] | some workload in [app, job]; some container in containers(workload)}
	count(repositories) > 1
}

# ---- ACA-10, ACA-11: secrets -------------------------------------------------------------------------------------------

deny contains data.plan.finding("ACA-10", workload.address, sprintf("secret %s is not a reference to a vault without a version", [secret.name])) if {
	some workload in workloads
	some index, secret in object.get(workload.after, "secret", [])
	not is_vault_reference(secret, data.plan.block(workload.unknown, "secret", index))
}

is_vault_reference(secret, unknown) if {
	object.get(secret, "value", null) in {null, ""}
	data.plan.is_set(secret, unknown, "identity")
	data.plan.is_set(secret, unknown, "key_vault_secret_id")
	not has_version(secret)
}

has_version(secret) if {
	is_string(secret.key_vault_secret_id)
	not regex.match(`^https://[^/]+/secrets/[^/]+/?$`, secret.key_vault_secret_id)
}

# Settings with such a name that hold no secret (docs/settings.md).
no_secrets := {
	"PORTCULLIS_ACCESS_TOKEN_TTL",
	"PORTCULLIS_ACCESS_VAULT_TOKEN_ROLE",
	"PORTCULLIS_BREACHED_PASSWORDS",
	"PORTCULLIS_KEYS",
	"PORTCULLIS_KEYS_POLL_INTERVAL",
	"PORTCULLIS_PASSWORD_WORDS",
	"PORTCULLIS_TOKEN_AUDIENCE",
	"PORTCULLIS_TOKEN_ISSUER",
}

deny contains data.plan.finding("ACA-11", workload.address, sprintf("%s looks like a secret, and its value is plain text", [env.name])) if {
	some workload in workloads
	some container in containers(workload)
	some env in object.get(container, "env", [])
	regex.match(`PASSWORD|SECRET|TOKEN|KEY([^A-Z]|S?$)|KEYS`, upper(env.name))
	not env.name in no_secrets
	not is_path(env)
	object.get(env, "secret_name", null) in {null, ""}
}

is_path(env) if {
	endswith(env.name, "_FILE")
	startswith(env.value, "/")
}

# ---- ACA-13, ACA-14, ACA-15: operation ---------------------------------------------------------------------------------

deny contains data.plan.finding("ACA-13", app.address, "production has fewer than two replicas") if {
	some app in apps
	not app.environment in {"dev", "staging"}
	object.get(app.after.template[0], "min_replicas", 0) < 2
}

deny contains data.plan.finding("ACA-13", app.address, "a new revision gets all traffic before it was checked") if {
	some app in apps
	takes_traffic_at_once(app)
}

takes_traffic_at_once(app) if app.after.revision_mode != "Multiple"

takes_traffic_at_once(app) if {
	some weight in app.after.ingress[0].traffic_weight
	weight.latest_revision == true
	weight.percentage > 0
}

deny contains data.plan.finding("ACA-14", app.address, sprintf("it is killed after %v s, and needs up to %v s to stop", [grace, needed])) if {
	some app in apps
	template := app.after.template[0]
	some container in template.container
	needed := (seconds(container, "PORTCULLIS_SHUTDOWN_DELAY", 5) + seconds(container, "PORTCULLIS_SHUTDOWN_GRACE", 20)) + stop_limit
	grace := object.get(template, "termination_grace_period_seconds", 0)
	grace < needed
}

deny contains data.plan.finding("ACA-14", app.address, sprintf("it stops accepting requests %v s after SIGTERM, before the readiness probe has failed (%v s)", [delay, noticed])) if {
	some app in apps
	some container in app.after.template[0].container
	some probe in container.readiness_probe
	noticed := probe.interval_seconds * probe.failure_count_threshold
	delay := seconds(container, "PORTCULLIS_SHUTDOWN_DELAY", 5)
	delay < noticed
}

deny contains data.plan.finding("ACA-14", app.address, sprintf("%s is not known", [name])) if {
	some app in apps
	some container in app.after.template[0].container
	some name in {"PORTCULLIS_SHUTDOWN_DELAY", "PORTCULLIS_SHUTDOWN_GRACE"} & unreadable(container)
}

# What follows the delay and the grace takes at most this time, in seconds (startup/run.rs).
stop_limit := 30

# The default is the service's (docs/settings.md).
seconds(container, name, default_value) := to_number(value) if {
	value := object.get(settings(container), name, sprintf("%v", [default_value]))
	regex.match(`^[0-9]+$`, value)
}

deny contains data.plan.finding("ACA-15", job.address, "a migration must be started by a deployment, at most once, with a time limit") if {
	some job in jobs
	not runs_once(job)
}

runs_once(job) if {
	job.after.replica_retry_limit == 0
	job.after.replica_timeout_in_seconds <= 7200
	count(job.after.manual_trigger_config) == 1
	job.after.manual_trigger_config[0].parallelism == 1
}

# ---- ACA-17: what only Azure would refuse ------------------------------------------------------------------------------

deny contains data.plan.finding("ACA-17", app.address, sprintf("traffic weights add up to %v", [total])) if {
	some app in apps
	some ingress in app.after.ingress
	total := sum([weight.percentage | some weight in object.get(ingress, "traffic_weight", [])])
	total != 100
}

deny contains data.plan.finding("ACA-17", workload.address, sprintf("%v cores and %v are no combination that exists", [cpu, memory])) if {
	some workload in workloads
	some container in containers(workload)
	cpu := object.get(container, "cpu", "unknown")
	memory := object.get(container, "memory", "unknown")
	not is_pair(cpu, memory)
}

is_pair(cpu, memory) if {
	is_number(cpu)
	memory == sprintf("%vGi", [cpu * 2])
	cpu * 4 in numbers.range(1, 16)
}

deny contains data.plan.finding("ACA-17", workload.address, sprintf("%s names the secret %s, which does not exist", [env.name, env.secret_name])) if {
	some workload in workloads
	some container in containers(workload)
	some env in object.get(container, "env", [])
	not object.get(env, "secret_name", null) in {null, ""}
	not env.secret_name in secret_names(workload)
}

# Secrets are files named after them in a volume of this type.
deny contains data.plan.finding("ACA-17", workload.address, sprintf("%s names the file %s, which no secret provides", [env.name, env.value])) if {
	some workload in workloads
	some container in containers(workload)
	some env in object.get(container, "env", [])
	is_path(env)
	not env.value in secret_files(workload, container)
}

secret_names(workload) := {secret.name | some secret in object.get(workload.after, "secret", [])}

secret_files(workload, container) := {sprintf("%s/%s", [mount.path, name]) |
	some volume in object.get(workload.after.template[0], "volume", [])
	volume.storage_type == "Secret"
	some mount in object.get(container, "volume_mounts", [])
	mount.name == volume.name
	some name in secret_names(workload)
}

deny contains data.plan.finding("ACA-17", workload.address, "the identity that pulls the image is not one of its identities") if {
	some workload in workloads
	some index, registry in object.get(workload.after, "registry", [])
	not has_identity(workload, index, registry)
}

has_identity(workload, _, registry) if registry.identity in identities(workload)

# Where an identity is not known yet, the list is not either.
has_identity(workload, index, _) if {
	pulling := {reference | some reference in workload.expressions.registry[index].identity.references}
	listed := {reference |
		some block in object.get(workload.expressions, "identity", [])
		some reference in object.get(block.identity_ids, "references", [])
	}
	count(pulling) > 0
	count(pulling - listed) == 0
}
