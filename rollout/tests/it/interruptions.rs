//! Deploys whose process is killed or stopped, and resumed.

use std::time::{Duration, Instant};

use harness::process::child::ChildProcess;
use rollout::journal::Folder;
use rustix::process::{Pid, Signal, kill_process};

use crate::environment::Environment;
use crate::simulator::{Disruption, Kind};

fn signal(process: &ChildProcess, signal: Signal) {
    kill_process(Pid::from_raw(process.pid()).unwrap(), signal).unwrap();
}

fn once(method: &'static str, path: &'static str, kind: Kind) -> Disruption {
    Disruption {
        method,
        path,
        kind,
        times: 1,
    }
}

/// Kills the deploy while a request is held, and lets nothing else happen.
fn killed_while_held(environment: &Environment, sha256: &str, held: &[Disruption]) {
    let name = environment.name;
    environment
        .simulator
        .group(name, |group| group.disruptions = held.to_vec());
    let mut process = environment.start_apply(sha256);
    environment.simulator.wait_until_held(name);
    // Only the deploy: its `az` and Terraform go on, as they would on a machine.
    signal(&process, Signal::KILL);
    while process.ended().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until no command of a killed deploy runs any more: until then the environment is locked.
fn wait_for_survivors(environment: &Environment) {
    let until = Instant::now() + Duration::from_secs(60);
    while Folder::locked(&environment.path("target"), "sim").is_err() {
        assert!(Instant::now() < until, "a command of the killed deploy runs on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Kills the deploy while a request is held, lets the request have its effect, and resumes.
fn killed_at(name: &'static str, method: &'static str, path: &'static str) -> Environment {
    let environment = Environment::new(name, true);
    let sha256 = environment.plan();
    killed_while_held(&environment, &sha256, &[once(method, path, Kind::Held)]);
    let printed = environment.apply(&sha256);
    assert_eq!(printed.code, Some(1), "its command runs on: {}", printed.text);
    assert!(printed.text.contains("before it was killed"), "{}", printed.text);
    environment.simulator.group(name, |group| group.release());
    wait_for_survivors(&environment);
    let printed = environment.apply(&sha256);
    assert_eq!(printed.code, Some(0), "{}", printed.text);
    assert_eq!(environment.traffic(), ["app--new=100"]);
    assert_eq!(environment.journal().deploy.old.as_deref(), Some("app--old"));
    environment
}

/// L10: A deploy that is killed while the migration is being started is resumed without a second migration.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn a_deploy_killed_while_it_starts_the_migration_starts_it_once() {
    let environment = killed_at("killed-at-start", "POST", "jobs/migrate/start");
    let executions = environment
        .simulator
        .group(environment.name, |group| group.executions.len());
    assert_eq!(executions, 1);
}

/// L10: A deploy that is killed while Terraform applies is resumed when Terraform has ended.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn a_deploy_killed_while_terraform_applies_waits_for_it() {
    let environment = killed_at("killed-at-apply", "POST", "state");
    let requests = environment
        .simulator
        .group(environment.name, |group| group.requests.clone());
    let stored = requests
        .iter()
        .filter(|request| request.method == "POST" && request.path == "state");
    assert_eq!(stored.count(), 2, "the job once, the app once");
}

/// L10: A rollback waits for the Terraform of a killed deploy, and deactivates the revision that it creates.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn a_deploy_killed_during_its_release_is_rolled_back_after_terraform() {
    let name = "killed-at-release";
    let environment = Environment::new(name, true);
    let sha256 = environment.plan();
    // Of the two states that a deploy stores, the one with the new revision.
    let kinds = [Kind::Passes, Kind::Held];
    killed_while_held(
        &environment,
        &sha256,
        &kinds.map(|kind| once("POST", "state", kind)),
    );
    assert_eq!(environment.journal().deploy.state.name(), "migrated");
    let printed = environment.run(&["rollback"]);
    assert_eq!(printed.code, Some(1), "{}", printed.text);
    assert!(printed.text.contains("before it was killed"), "{}", printed.text);
    assert_eq!(environment.active(), ["app--old"], "not created yet");
    environment.simulator.group(name, |group| group.release());
    wait_for_survivors(&environment);
    assert_eq!(environment.active(), ["app--new", "app--old"]);
    let printed = environment.run(&["rollback"]);
    assert_eq!(printed.code, Some(0), "{}", printed.text);
    assert_eq!(environment.traffic(), ["app--old=100"]);
    assert_eq!(environment.active(), ["app--old"]);
}

/// L10: A deploy that is killed while traffic is being shifted is resumed at that step.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn a_deploy_killed_while_it_shifts_traffic_goes_on_there() {
    let environment = killed_at("killed-at-shift", "GET", "operations/op1");
    let events = environment.journal().events;
    let shifts = events.iter().filter(|event| event.state == "shifting").count();
    assert_eq!(shifts, 3, "{events:?}");
    let migrated = events.iter().filter(|event| event.state == "migrated").count();
    assert_eq!(migrated, 1, "{events:?}");
}

/// L10: A stop signal ends a deploy between two actions; its rollback returns the traffic.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn a_stopped_deploy_can_be_rolled_back() {
    let name = "stopped";
    let environment = Environment::new(name, true);
    let sha256 = environment.plan();
    environment.simulator.group(name, |group| {
        group.disruptions = vec![once("GET", "operations/op2", Kind::Held)];
    });
    let mut process = environment.start_apply(&sha256);
    environment.simulator.wait_until_held(name);
    signal(&process, Signal::TERM);
    let status = loop {
        if let Some(status) = process.ended().unwrap() {
            break status;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(130));
    environment.simulator.group(name, |group| group.release());
    assert_eq!(environment.journal().deploy.state.name(), "watched");
    let printed = environment.run(&["rollback"]);
    assert_eq!(printed.code, Some(0), "{}", printed.text);
    assert_eq!(environment.traffic(), ["app--old=100"]);
    assert_eq!(environment.active(), ["app--old"]);
}
