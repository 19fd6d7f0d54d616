//! What `compose.yaml` permits each container, read as an engine reads it.

use std::collections::BTreeSet;
use std::fs;

use serde_yaml::{Mapping, Value};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/compose.yaml");

/// Services that end by themselves.
const TASKS: [&str; 4] = ["prepare", "migrate", "import", "account"];

const SHARES: &str = "shares a namespace or a device with this machine";

fn file() -> Value {
    let mut file: Value = serde_yaml::from_str(&fs::read_to_string(FILE).unwrap()).unwrap();
    // What is merged may contain a merge itself.
    for _ in 0..3 {
        file.apply_merge().unwrap();
    }
    file
}

fn names(value: &Value) -> BTreeSet<String> {
    let text = |name: &Value| name.as_str().unwrap().to_owned();
    match value {
        Value::Mapping(mapping) => mapping.keys().map(text).collect(),
        Value::Sequence(sequence) => sequence.iter().map(text).collect(),
        _ => BTreeSet::new(),
    }
}

fn services(file: &Value) -> &Mapping {
    file["services"].as_mapping().unwrap()
}

/// The reasons why a service has more than it needs.
fn problems(name: &str, service: &Value) -> Vec<&'static str> {
    let list = |key: &str| names(&service[key]);
    let is_task = TASKS.contains(&name);
    let is_local = |port: &String| port.starts_with("127.0.0.1:");
    let is_read_only = |volume: &String| volume.ends_with(":ro") || !volume.starts_with(['.', '/', '$', '~']);
    let of_the_machine = [
        "network_mode",
        "pid",
        "ipc",
        "uts",
        "userns_mode",
        "cgroup",
        "devices",
        "device_cgroup_rules",
    ];
    let rules = [
        ("runs as root", service["user"] == "65532:65532"),
        ("can write to its image", service["read_only"] == true),
        (
            "has capabilities",
            list("cap_drop").contains("ALL") && service["cap_add"].is_null(),
        ),
        (
            "can get privileges",
            list("security_opt") == ["no-new-privileges:true".to_owned()].into()
                && service["privileged"].is_null(),
        ),
        (SHARES, of_the_machine.iter().all(|key| service[*key].is_null())),
        ("has no limit on memory", service["mem_limit"].is_string()),
        ("has no limit on processes", service["pids_limit"].is_u64()),
        (
            "has no health check",
            is_task || service["healthcheck"]["test"].is_sequence(),
        ),
        (
            "is restarted although it ends",
            !is_task || service["restart"] == "no",
        ),
        ("is open to other machines", list("ports").iter().all(is_local)),
        (
            "can write to a folder of this machine",
            list("volumes").iter().all(is_read_only),
        ),
        (
            "is not built here",
            service["image"]
                .as_str()
                .unwrap()
                .starts_with("localhost/portcullis"),
        ),
        ("has a secret as a value", !has_secret(&service["environment"])),
    ];
    let broken = rules.into_iter().filter(|(_, holds)| !holds);
    broken.map(|(problem, _)| problem).collect()
}

/// Whether a setting of a secret has a value instead of the path of a file.
fn has_secret(environment: &Value) -> bool {
    let ends = ["_PASSWORD", "_KEY", "_KEYS", "_SECRET_ID", "_TOKEN"];
    let is_secret = |name: &str| ends.iter().any(|end| name.ends_with(end));
    let is_path = |value: &Value| {
        value
            .as_str()
            .is_some_and(|value| value.starts_with("/run/secrets/"))
    };
    let mut settings = environment.as_mapping().into_iter().flatten();
    settings.any(|(name, value)| is_secret(name.as_str().unwrap()) && !is_path(value))
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
        ("cap_add", "[NET_ADMIN]", "has capabilities"),
        ("security_opt", "[]", "can get privileges"),
        (
            "security_opt",
            "['no-new-privileges:true', 'seccomp:unconfined']",
            "can get privileges",
        ),
        ("privileged", "true", "can get privileges"),
        ("network_mode", "host", SHARES),
        ("pid", "host", SHARES),
        ("ipc", "host", SHARES),
        ("uts", "host", SHARES),
        ("userns_mode", "host", SHARES),
        ("cgroup", "host", SHARES),
        ("devices", "['/dev/mem:/dev/mem']", SHARES),
        ("device_cgroup_rules", "['a *:* rwm']", SHARES),
        ("mem_limit", "null", "has no limit on memory"),
        ("pids_limit", "null", "has no limit on processes"),
        ("healthcheck", "{}", "has no health check"),
        ("ports", "['8443:8443']", "is open to other machines"),
        (
            "volumes",
            "['./nginx:/etc/nginx']",
            "can write to a folder of this machine",
        ),
        (
            "volumes",
            "['~/.ssh:/ssh']",
            "can write to a folder of this machine",
        ),
        ("image", "docker.io/library/nginx", "is not built here"),
        ("environment", "{X_PASSWORD: x}", "has a secret as a value"),
    ] {
        let mut broken = nginx.clone();
        broken[key] = serde_yaml::from_str(value).unwrap();
        assert_eq!(problems("nginx", &broken), [problem], "{key}");
    }
}

/// L1: The database shares a network only with the service and its commands, and only networks without a database lead out of the machine.
#[test]
fn the_database_is_reached_by_the_service_only() {
    let file = file();
    let on = |network: &str| -> BTreeSet<&str> {
        let services = services(&file).iter();
        let on_it = services.filter(|(_, service)| names(&service["networks"]).contains(network));
        on_it.map(|(name, _)| name.as_str().unwrap()).collect()
    };
    assert_eq!(
        names(&file["services"]["postgresql"]["networks"]),
        ["data".to_owned()].into()
    );
    let service = ["portcullis-1", "portcullis-2"];
    assert_eq!(
        on("data"),
        service.into_iter().chain(TASKS).chain(["postgresql"]).collect()
    );
    assert_eq!(on("service"), service.into_iter().chain(["nginx"]).collect());
    assert_eq!(on("front"), ["nginx"].into());
    for network in ["data", "service", "mail", "telemetry"] {
        assert_eq!(file["networks"][network]["internal"], true, "{network}");
    }
    for name in service {
        let networks = names(&file["services"][name]["networks"]);
        assert!(
            networks.is_disjoint(&["front".to_owned(), "viewers".to_owned()].into()),
            "{networks:?}"
        );
    }
}

/// L1: A replica serves the API on nginx's network only, and metrics on that of telemetry only.
#[test]
fn each_listener_is_on_one_network() {
    let file = file();
    for name in ["portcullis-1", "portcullis-2"] {
        let replica = &file["services"][name];
        for (setting, network, port) in [
            ("PORTCULLIS_LISTEN", "service", 3000),
            ("PORTCULLIS_INTERNAL_LISTEN", "telemetry", 9464),
        ] {
            let address = replica["networks"][network]["ipv4_address"].as_str().unwrap();
            let expected = format!("{address}:{port}");
            assert_eq!(replica["environment"][setting], expected.as_str(), "{name}");
        }
    }
}

/// L1: Each secret is a file of the folder that only its owner can enter.
#[test]
fn secrets_are_files_of_the_state_folder() {
    let file = file();
    for (name, secret) in file["secrets"].as_mapping().unwrap() {
        let path = secret["file"].as_str().unwrap();
        assert!(path.starts_with("${PORTCULLIS_STATE:?}/"), "{name:?}: {path}");
    }
    let defined = names(&file["secrets"]);
    for (name, service) in services(&file) {
        let used = names(&service["secrets"]);
        assert!(used.is_subset(&defined), "{name:?} has {used:?}");
    }
}
