//! `compose.yaml` as an engine reads it: networks, listeners, secrets and volumes.

use std::collections::BTreeSet;
use std::fs;

use compose::project::STOP_SECONDS;
use serde_yaml::{Mapping, Value};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// Services that end by themselves.
pub const TASKS: [&str; 4] = ["prepare", "migrate", "import", "account"];

/// A file of `compose/`.
pub fn read(path: &str) -> String {
    fs::read_to_string(format!("{FOLDER}/{path}")).unwrap()
}

/// The file with its merges.
pub fn file() -> Value {
    let mut file: Value = serde_yaml::from_str(&read("compose.yaml")).unwrap();
    // What is merged may contain a merge itself.
    for _ in 0..3 {
        file.apply_merge().unwrap();
    }
    file
}

/// The keys of a mapping, or the elements of a list; an element in the long form as YAML.
pub fn names(value: &Value) -> BTreeSet<String> {
    let text = |name: &Value| {
        name.as_str()
            .map_or_else(|| serde_yaml::to_string(name).unwrap(), str::to_owned)
    };
    match value {
        Value::Mapping(mapping) => mapping.keys().map(text).collect(),
        Value::Sequence(sequence) => sequence.iter().map(text).collect(),
        _ => BTreeSet::new(),
    }
}

/// The services by name.
pub fn services(file: &Value) -> &Mapping {
    file["services"].as_mapping().unwrap()
}

/// L6: A part that is stopped by our commands has the time that it has when the engine stops it.
#[test]
fn our_commands_give_a_part_as_long_to_stop_as_the_engine() {
    let file = file();
    let times = services(&file)
        .values()
        .filter_map(|service| service["stop_grace_period"].as_str());
    let seconds = times.map(|time| time.strip_suffix('s').unwrap().parse().unwrap());
    assert_eq!(seconds.max(), Some(STOP_SECONDS));
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

/// L1: Each secret is a file of the folder that only its owner can enter, and is read by a service.
#[test]
fn secrets_are_files_of_the_state_folder() {
    let file = file();
    for (name, secret) in file["secrets"].as_mapping().unwrap() {
        assert_eq!(names(secret), ["file".to_owned()].into(), "{name:?}");
        let path = secret["file"].as_str().unwrap();
        assert!(path.starts_with("${PORTCULLIS_STATE:?}/"), "{name:?}: {path}");
    }
    let used = services(&file)
        .values()
        .flat_map(|service| names(&service["secrets"]));
    assert_eq!(names(&file["secrets"]), used.collect());
}

/// L1: Nothing beside the services reaches this machine: networks and volumes are the engine's own, and no other file is read.
#[test]
fn networks_and_volumes_are_the_engines_own() {
    let file = file();
    let known = [
        "name",
        "networks",
        "secrets",
        "services",
        "volumes",
        "x-hardened",
        "x-podman",
        "x-replica",
        "x-settings",
        "x-task",
    ];
    assert_eq!(names(&file), known.map(str::to_owned).into());
    for (name, network) in file["networks"].as_mapping().unwrap() {
        let permitted = ["internal".to_owned(), "ipam".to_owned()].into();
        assert!(names(network).is_subset(&permitted), "{name:?}");
    }
    for (name, volume) in file["volumes"].as_mapping().unwrap() {
        assert_eq!(names(volume), BTreeSet::new(), "{name:?}");
    }
}
