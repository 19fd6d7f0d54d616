//! What `compose.yaml` permits each container.

use std::collections::BTreeSet;

use serde_yaml::Value;

use crate::compose_file::{TASKS, file, names, read, services};

/// What a service may set. Each of these has a rule below, or gives it nothing of this machine. Not among them: `privileged`, `devices`,
/// namespaces of this machine (`network_mode`, `pid`, `ipc`), and what is in other files (`env_file`, `extends`, `volumes_from`).
const KEYS: [&str; 23] = [
    "cap_drop",
    "command",
    "cpus",
    "depends_on",
    "environment",
    "extra_hosts",
    "healthcheck",
    "image",
    "logging",
    "mem_limit",
    "networks",
    "pids_limit",
    "ports",
    "profiles",
    "read_only",
    "restart",
    "secrets",
    "security_opt",
    "shm_size",
    "stop_grace_period",
    "tmpfs",
    "user",
    "volumes",
];

/// All volumes, by service.
const VOLUMES: [(&str, &str); 4] = [
    ("nginx", "./nginx/nginx.conf:/etc/nginx/nginx.conf:ro"),
    ("postgresql", "data:/var/lib/postgresql"),
    ("victoria-logs", "logs:/data"),
    ("prometheus", "metrics:/data"),
];

/// The options that limit the volumes of parts that store what others send.
const VOLUME_LIMITS: [(&str, &str); 2] = [
    ("victoria-logs", "-retention.maxDiskSpaceUsageBytes="),
    ("prometheus", "--storage.tsdb.retention.size="),
];

/// Files that name secrets, by the service that reads them.
const READERS: [(&str, &str); 4] = [
    ("nginx", "nginx/nginx.conf"),
    ("postgresql", "postgresql/postgresql.conf"),
    ("postgresql", "postgresql/entrypoint.sh"),
    ("collector", "observability/collector.yaml"),
];

/// Secrets that `up` names as arguments of `accounts add`.
const ARGUMENTS: [(&str, &str); 4] = [
    ("account", "/run/secrets/account_admin"),
    ("account", "/run/secrets/account_approver"),
    ("account", "/run/secrets/account_ingest"),
    ("account", "/run/secrets/account_user"),
];

/// The reasons why a service has more than it needs.
fn problems(name: &str, service: &Value) -> Vec<&'static str> {
    let list = |key: &str| names(&service[key]);
    let is_task = TASKS.contains(&name);
    let is_local = |port: &String| port.starts_with("127.0.0.1:");
    let is_permitted = |volume: &String| VOLUMES.contains(&(name, volume));
    let limit = VOLUME_LIMITS.into_iter().find(|(service, _)| *service == name);
    let limit = limit.map(|(_, option)| option);
    let rules = [
        (
            "has a key that is not permitted",
            names(service).iter().all(|key| KEYS.contains(&&**key)),
        ),
        ("runs as root", service["user"] == "65532:65532"),
        ("can write to its image", service["read_only"] == true),
        ("has capabilities", list("cap_drop").contains("ALL")),
        (
            "can get privileges",
            list("security_opt") == ["no-new-privileges:true".to_owned()].into(),
        ),
        ("has no limit on memory", service["mem_limit"].is_string()),
        ("has no limit on processes", service["pids_limit"].is_u64()),
        (
            "has no limit on processors",
            service["cpus"].as_f64().is_some_and(|cpus| cpus > 0.0),
        ),
        ("has no limit on its log", is_limited(&service["logging"])),
        (
            "has no limit on its volume",
            limit.is_none_or(|limit| list("command").iter().any(|word| word.starts_with(limit))),
        ),
        (
            "has no health check",
            is_task || service["healthcheck"]["test"].is_sequence(),
        ),
        (
            "has a health check although it ends",
            !is_task || service["healthcheck"]["disable"] == true,
        ),
        (
            "is restarted although it ends",
            !is_task || service["restart"] == "no",
        ),
        ("is open to other machines", list("ports").iter().all(is_local)),
        (
            "has a volume that is not permitted",
            list("volumes").iter().all(is_permitted),
        ),
        (
            "can fill the memory with files",
            list("tmpfs").iter().all(|tmpfs| tmpfs.contains("size=")),
        ),
        (
            "is not built here",
            service["image"]
                .as_str()
                .unwrap()
                .starts_with("localhost/portcullis"),
        ),
        (
            "has other secrets than it reads",
            list("secrets") == secrets_read_by(name, service),
        ),
        ("has a secret as a value", !has_secret(&service["environment"])),
    ];
    let broken = rules.into_iter().filter(|(_, holds)| !holds);
    broken.map(|(problem, _)| problem).collect()
}

/// Both engines have this driver, and limit nothing by default.
fn is_limited(logging: &Value) -> bool {
    let options = &logging["options"];
    logging["driver"] == "json-file" && options["max-size"].is_string() && options["max-file"].is_string()
}

/// Whether a setting of a secret has a value instead of the path of a file. A list of settings is not read, so it counts as one.
fn has_secret(environment: &Value) -> bool {
    let ends = ["PASSWORD", "KEY", "KEYS", "SECRET", "SECRET_ID", "TOKEN"];
    let is_secret = |name: &str| ends.iter().any(|end| name.ends_with(end));
    let is_path = |value: &Value| {
        value
            .as_str()
            .is_some_and(|value| value.starts_with("/run/secrets/"))
    };
    match environment {
        Value::Null => false,
        Value::Mapping(settings) => settings
            .iter()
            .any(|(name, value)| is_secret(name.as_str().unwrap()) && !is_path(value)),
        _ => true,
    }
}

/// The names of the secrets that a service's settings, arguments and files mention.
fn secrets_read_by(name: &str, service: &Value) -> BTreeSet<String> {
    let mut text = serde_yaml::to_string(&[&service["environment"], &service["command"]]).unwrap();
    for (reader, file) in READERS {
        if reader == name {
            text += &read(file);
        }
    }
    for (_, argument) in ARGUMENTS.into_iter().filter(|(reader, _)| *reader == name) {
        text += argument;
        text += "\n";
    }
    let ends = |character: char| !character.is_ascii_alphanumeric() && character != '_';
    text.split("/run/secrets/")
        .skip(1)
        .map(|rest| rest.split(ends).next().unwrap().to_owned())
        .collect()
}

/// L1: No container runs as root, can write to its image, has a capability, or is open to other machines; each has limits, and each that
/// goes on has a health check.
#[test]
fn no_container_has_more_than_it_needs() {
    let file = file();
    for (name, service) in services(&file) {
        let name = name.as_str().unwrap();
        assert_eq!(problems(name, service), [""; 0], "{name}");
    }
}

/// L1: Each of these rules notices its breach.
#[test]
fn each_privilege_is_noticed() {
    let file = file();
    let nginx = &file["services"]["nginx"];
    for (key, value, problem) in [
        ("user", "0:0", "runs as root"),
        ("read_only", "false", "can write to its image"),
        ("cap_drop", "[NET_RAW]", "has capabilities"),
        ("security_opt", "[]", "can get privileges"),
        (
            "security_opt",
            "['no-new-privileges:true', 'seccomp:unconfined']",
            "can get privileges",
        ),
        ("mem_limit", "null", "has no limit on memory"),
        ("pids_limit", "null", "has no limit on processes"),
        ("cpus", "null", "has no limit on processors"),
        ("cpus", "0", "has no limit on processors"),
        ("logging", "null", "has no limit on its log"),
        ("logging", "{driver: json-file}", "has no limit on its log"),
        (
            "logging",
            "{driver: journald, options: {max-size: 10m, max-file: '3'}}",
            "has no limit on its log",
        ),
        (
            "logging",
            "{driver: json-file, options: {max-size: 10m}}",
            "has no limit on its log",
        ),
        ("healthcheck", "{}", "has no health check"),
        ("ports", "['8443:8443']", "is open to other machines"),
        (
            "volumes",
            "['./nginx:/etc/nginx']",
            "has a volume that is not permitted",
        ),
        (
            "volumes",
            "['/var/run/docker.sock:/var/run/docker.sock:ro']",
            "has a volume that is not permitted",
        ),
        (
            "volumes",
            "[{type: bind, source: /, target: /host, read_only: true}]",
            "has a volume that is not permitted",
        ),
        ("volumes", "['data:/data']", "has a volume that is not permitted"),
        ("tmpfs", "['/tmp']", "can fill the memory with files"),
        (
            "ports",
            "[{target: 8443, published: 8443}]",
            "is open to other machines",
        ),
        (
            "secrets",
            "[authority, nginx_certificate, nginx_key, admin]",
            "has other secrets than it reads",
        ),
        (
            "secrets",
            "[authority, nginx_certificate]",
            "has other secrets than it reads",
        ),
        (
            "secrets",
            "[authority, nginx_certificate, {source: admin, target: nginx_key}]",
            "has other secrets than it reads",
        ),
        ("image", "docker.io/library/nginx", "is not built here"),
        (
            "environment",
            "{X_PASSWORD: x, SSL_CERT_FILE: /run/secrets/authority}",
            "has a secret as a value",
        ),
        (
            "environment",
            "[SSL_CERT_FILE=/run/secrets/authority]",
            "has a secret as a value",
        ),
        ("cap_add", "[NET_ADMIN]", "has a key that is not permitted"),
        ("privileged", "true", "has a key that is not permitted"),
        ("network_mode", "host", "has a key that is not permitted"),
        ("pid", "host", "has a key that is not permitted"),
        ("ipc", "host", "has a key that is not permitted"),
        ("uts", "host", "has a key that is not permitted"),
        ("userns_mode", "host", "has a key that is not permitted"),
        ("cgroup", "host", "has a key that is not permitted"),
        (
            "devices",
            "['/dev/mem:/dev/mem']",
            "has a key that is not permitted",
        ),
        (
            "device_cgroup_rules",
            "['a *:* rwm']",
            "has a key that is not permitted",
        ),
        ("volumes_from", "[postgresql]", "has a key that is not permitted"),
        ("env_file", "secrets.env", "has a key that is not permitted"),
        (
            "extends",
            "{file: other.yaml, service: x}",
            "has a key that is not permitted",
        ),
        ("entrypoint", "[/bin/sh]", "has a key that is not permitted"),
        ("group_add", "['0']", "has a key that is not permitted"),
        ("build", ".", "has a key that is not permitted"),
        ("configs", "[x]", "has a key that is not permitted"),
        (
            "sysctls",
            "[net.ipv4.ip_forward=1]",
            "has a key that is not permitted",
        ),
        ("deploy", "{}", "has a key that is not permitted"),
    ] {
        let mut broken = nginx.clone();
        broken[key] = serde_yaml::from_str(value).unwrap();
        assert_eq!(problems("nginx", &broken), [problem], "{key}");
    }
    for (name, _) in VOLUME_LIMITS {
        let mut broken = file["services"][name].clone();
        broken["command"] = serde_yaml::from_str("[--other]").unwrap();
        assert_eq!(problems(name, &broken), ["has no limit on its volume"]);
    }
    let mut broken = file["services"]["migrate"].clone();
    broken["healthcheck"] = Value::Null;
    assert_eq!(
        problems("migrate", &broken),
        ["has a health check although it ends"]
    );
    // Another service may not have this one's volume.
    let mut broken = file["services"]["mailpit"].clone();
    broken["volumes"] = serde_yaml::from_str("['data:/var/lib/postgresql']").unwrap();
    assert_eq!(
        problems("mailpit", &broken),
        ["has a volume that is not permitted"]
    );
}
