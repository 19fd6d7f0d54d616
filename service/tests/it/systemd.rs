//! The systemd unit in `deploy/systemd`.

use crate::support::database::{settings, settings_in};
use crate::support::program::{PROGRAM, installed, run, stderr, stdout};
use harness::test_results::ignored;
use portcullis::config::deployment_profile::DeploymentProfile;
use portcullis::startup::STOP_LIMIT;
use std::path::Path;
use std::time::Duration;

const UNIT: &str = include_str!("../../../deploy/systemd/portcullis.service");

const SETTINGS: &str = include_str!("../../../deploy/systemd/portcullis.env");

/// Runs `systemd-analyze` over a unit of this text. `None`: it is not installed, and the test is reported as ignored.
fn analyze(unit: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.service");
    std::fs::write(&path, unit).unwrap();
    let arguments: Vec<&str> = arguments.iter().copied().chain(path.to_str()).collect();
    let output = installed("systemd-analyze", &arguments);
    if output.is_none() {
        ignored::report("systemd-analyze is not installed (Debian: systemd)");
    }
    output.map(|output| (output.status.success(), stdout(&output) + &stderr(&output)))
}

/// L8: The unit is valid, without a warning; systemd-analyze notices a name that it does not know.
#[test]
fn the_unit_is_valid() {
    let unit = UNIT.replace("/usr/local/bin/portcullis", PROGRAM);
    let verify = |unit: &str| analyze(unit, &["verify"]);
    let Some(verified) = verify(&unit) else {
        return;
    };
    assert_eq!(verified, (true, String::new()));
    let (_, warnings) = verify(&unit.replace("ProtectHome=", "ProtectHomes=")).unwrap();
    assert!(warnings.contains("ProtectHomes"), "{warnings}");
}

/// L8: `systemd-analyze security` gives the unit less than 2 of 10 (10: unprotected), and more without its restrictions.
#[test]
fn the_unit_has_a_low_exposure() {
    // In tenths; the exit code is that of a failure above the threshold.
    let security = |unit: &str| analyze(unit, &["security", "--offline=true", "--threshold=19"]);
    let Some((is_low, text)) = security(UNIT) else {
        return;
    };
    assert!(is_low, "{text}");
    for line in [
        "CapabilityBoundingSet=\n",
        "SystemCallFilter=@system-service\n",
        "DynamicUser=yes\n",
    ] {
        assert!(UNIT.contains(line), "{line}");
    }
    let open = UNIT
        .replace("CapabilityBoundingSet=\n", "")
        .replace("SystemCallFilter=", "#");
    let (is_low, text) = security(&open).unwrap();
    assert!(!is_low, "{text}");
}

/// L6, L8: systemd kills the service later than it ends by itself.
#[test]
fn systemd_waits_for_the_shutdown() {
    let limit = UNIT.lines().find_map(|line| line.strip_prefix("TimeoutStopSec="));
    let limit = Duration::from_secs(limit.unwrap().parse().unwrap());
    let server = settings(settings_in(SETTINGS), &[]).server;
    assert!(limit >= server.shutdown_delay + server.shutdown_grace + STOP_LIMIT);
}

/// L8, K1: The settings of the unit are valid in production, and their secrets are credentials of the unit.
#[test]
fn the_settings_of_the_unit_are_valid_in_production() {
    let pairs = settings_in(SETTINGS);
    let settings = settings(pairs.clone(), &[]);
    assert_eq!(settings.profile, DeploymentProfile::Production);
    let secrets: Vec<_> = settings
        .secrets()
        .map(|(name, _)| format!("{name}_FILE"))
        .collect();
    assert!(!secrets.is_empty());
    for (name, path) in pairs.iter().filter(|(name, _)| secrets.contains(name)) {
        assert!(
            Path::new(path).starts_with("/run/credentials/portcullis.service"),
            "{name}"
        );
    }
    // The first one that is missing ends the program.
    let output = run(&["serve"], &pairs);
    assert_eq!(output.status.code(), Some(78));
    let error = stderr(&output);
    assert!(
        error.contains("_FILE: cannot read /run/credentials/portcullis.service/"),
        "{error}"
    );
}
