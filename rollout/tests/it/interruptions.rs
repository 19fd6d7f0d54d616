//! Deploys whose process is killed or stopped, and resumed.

use harness::process::child::ChildProcess;
use rustix::process::{Pid, Signal, kill_process};

use crate::environment::Environment;
use crate::simulator::{Disruption, Kind};

fn signal(process: &ChildProcess, signal: Signal) {
    kill_process(Pid::from_raw(process.pid()).unwrap(), signal).unwrap();
}

/// Kills the deploy while a request is held, lets the request have its effect, and resumes.
fn killed_at(name: &'static str, method: &'static str, path: &'static str) -> Environment {
    let environment = Environment::new(name, true);
    let sha256 = environment.plan();
    environment.simulator.group(name, |group| {
        group.disruptions = vec![Disruption {
            method,
            path,
            kind: Kind::Held,
            times: 1,
        }];
    });
    let mut process = environment.start_apply(&sha256);
    environment.simulator.wait_until_held(name);
    // Only the deploy: its `az` goes on, as it would on a machine.
    signal(&process, Signal::KILL);
    while process.ended().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    environment.simulator.group(name, |group| group.release());
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
        group.disruptions = vec![Disruption {
            method: "GET",
            path: "operations/op2",
            kind: Kind::Held,
            times: 1,
        }];
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
