//! The Kubernetes manifests in `deploy/kubernetes`, compared with the program that they start. The gate `kubernetes` builds and checks
//! them.

use crate::support::app::App;
use crate::support::database::{Database, settings, settings_in};
use crate::support::program::{run, stderr};
use portcullis::config::deployment_profile::DeploymentProfile;
use portcullis::startup::STOP_LIMIT;
use std::time::Duration;

macro_rules! file {
    ($path:literal) => {
        include_str!(concat!("../../../deploy/kubernetes/", $path))
    };
}

const DEPLOYMENT: &str = file!("base/deployment.yaml");

const OVERLAYS: [&str; 2] = [
    file!("overlays/staging/settings.env"),
    file!("overlays/production/settings.env"),
];

/// Each command with its own settings and its manifest.
const COMMANDS: [(&[&str], &str, &str); 3] = [
    (&["serve"], file!("base/serve.env"), DEPLOYMENT),
    (
        &["migrate", "up"],
        file!("base/migrate.env"),
        file!("base/migrate.yaml"),
    ),
    (
        &["audit", "verify"],
        file!("base/audit.env"),
        file!("base/audit.yaml"),
    ),
];

/// Of a ConfigMap that an overlay merges, and one that a command adds.
fn pairs(overlay: &str, own: &str) -> Vec<(String, String)> {
    let files = [file!("base/settings.env"), overlay, own];
    files.into_iter().flat_map(settings_in).collect()
}

/// What follows `name: ` in each line that begins with it.
fn values<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let name = format!("{name}: ");
    let lines = manifest
        .lines()
        .map(|line| line.trim_start().trim_start_matches("- "));
    lines.filter_map(|line| line.strip_prefix(&name)).collect()
}

/// L9, K1: The settings of each environment are valid in production for each command, and their secrets are files of the volume that
/// the command's pod mounts.
#[test]
fn the_settings_of_each_command_are_valid_in_production() {
    for overlay in OVERLAYS {
        for (command, own, manifest) in COMMANDS {
            let pairs = pairs(overlay, own);
            let settings = settings(pairs.clone(), &[]);
            assert_eq!(settings.profile, DeploymentProfile::Production);
            assert_eq!(values(manifest, "args"), [format!("[{}]", command.join(", "))]);
            let folder = values(manifest, "mountPath").concat();
            let secrets: Vec<_> = settings.secrets().map(|(name, _)| name).collect();
            assert!(!secrets.is_empty(), "{command:?}");
            for name in secrets {
                assert!(!pairs.iter().any(|(own, _)| own == name), "{name}");
                let file = format!("{name}_FILE");
                let (_, path) = pairs.iter().find(|(own, _)| *own == file).unwrap();
                assert!(path.starts_with(&format!("{folder}/")), "{file}");
            }
            // The settings are enough: it is the missing mount that ends the program.
            let output = run(command, &pairs);
            let error = stderr(&output);
            assert_eq!(output.status.code(), Some(78), "{error}");
            assert!(
                error.contains(&format!("_FILE: cannot read {folder}/")),
                "{error}"
            );
        }
    }
}

/// L9: Ports and paths of probes are those of the service.
#[test]
fn ports_and_probes_are_those_of_the_service() {
    let settings = settings(pairs(OVERLAYS[0], COMMANDS[0].1), &[]);
    let server = &settings.server;
    for address in [server.listen, server.internal_listen] {
        assert!(
            address.ip().is_unspecified(),
            "the kubelet connects to the pod's address"
        );
    }
    let ports = [server.listen, server.internal_listen].map(|address| address.port().to_string());
    assert_eq!(values(DEPLOYMENT, "containerPort"), ports);
    let probes = values(DEPLOYMENT, "path");
    assert_eq!(values(DEPLOYMENT, "port"), ["internal"; 3]);
    assert_eq!(probes.len(), 3);
    let database = Database::fresh();
    let app = App::over(&database);
    for path in probes {
        assert_eq!(app.get_internal(path).status, 200, "{path}");
    }
}

/// L6, L9: The kubelet kills the service later than it ends by itself, and readiness fails within the delay.
#[test]
fn the_kubelet_waits_for_the_shutdown() {
    let seconds = |name: &str| -> Vec<u64> {
        let values = values(DEPLOYMENT, name).into_iter();
        values.map(|value| value.parse().unwrap()).collect()
    };
    let settings = settings(pairs(OVERLAYS[0], COMMANDS[0].1), &[]);
    let server = &settings.server;
    let grace = Duration::from_secs(seconds("terminationGracePeriodSeconds")[0]);
    assert!(grace >= server.shutdown_delay + server.shutdown_grace + STOP_LIMIT);
    // The third probe is readiness.
    let noticed = seconds("periodSeconds")[2] * seconds("failureThreshold")[2];
    assert!(server.shutdown_delay >= Duration::from_secs(noticed));
}

/// L9: No pod gets variables that the service would refuse as unknown settings, or a token of the cluster's API.
#[test]
fn pods_get_no_variables_and_no_token_of_the_cluster() {
    for (command, _, manifest) in COMMANDS {
        assert_eq!(values(manifest, "enableServiceLinks"), ["false"], "{command:?}");
        assert_eq!(
            values(manifest, "automountServiceAccountToken"),
            ["false"],
            "{command:?}"
        );
    }
    let link = [("SERVICE_HOST".to_owned(), "10.0.0.1".to_owned())];
    let output = run(&["serve"], &link);
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("PORTCULLIS_SERVICE_HOST"));
}
