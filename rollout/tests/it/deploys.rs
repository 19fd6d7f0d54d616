//! Whole deploys with the real `az` and Terraform: success, and every kind of failure.

use crate::environment::{Environment, SECRET};
use crate::simulator::{Disruption, Health, Kind, Outcome};

const PATCH: &str = "PATCH containerapps/app";
const START: &str = "POST jobs/migrate/start";
const DEACTIVATE_NEW: &str = "POST containerapps/app/revisions/app--new/deactivate";

/// L10: A deploy migrates, creates a revision without traffic, tests it, and shifts the traffic in steps; it can be rolled back.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn a_deploy_shifts_the_traffic_in_steps_and_can_be_rolled_back() {
    let environment = Environment::new("success", true);
    let printed = environment.deploy();
    assert_eq!(printed.code, Some(0), "{}", printed.text);
    assert_eq!(environment.traffic(), ["app--new=100"]);
    assert_eq!(environment.active(), ["app--new", "app--old"]);
    // Every kind of request, and all that the changes of the app have in them: nothing else was touched.
    let (requests, patched) = environment.touched();
    let expected = [
        "GET containerapps/app",
        "GET containerapps/app/revisions",
        "GET containerapps/app/revisions/app--new",
        "GET containerapps/app/revisions/app--old",
        "GET jobs/migrate",
        "GET jobs/migrate/executions",
        "GET jobs/migrate/executions/migrate-",
        "GET operations/op",
        "GET state",
        "LOCK state",
        "PATCH containerapps/app",
        "POST jobs/migrate/start",
        "POST state",
        "UNLOCK state",
    ];
    assert_eq!(requests.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    assert_eq!(
        patched.into_iter().collect::<Vec<_>>(),
        ["/properties/configuration/ingress/traffic"]
    );
    // The pinning of the old revision, one migration, three steps.
    assert_eq!(environment.changes(), [PATCH, START, PATCH, PATCH, PATCH]);
    let smoked = std::fs::read_to_string(environment.path("smoked")).unwrap();
    assert_eq!(smoked, "https://app--new.sim.test\n");
    for file in ["journal.json", "commands.jsonl"] {
        let text = std::fs::read_to_string(environment.path("target/deploy/sim").join(file)).unwrap();
        assert!(!text.contains(SECRET), "{file}");
    }
    environment.write_records();
    let again = environment.apply(&environment.journal().deploy.plan_sha256);
    assert_eq!(again.code, Some(0), "done is done: {}", again.text);

    let printed = environment.run(&["rollback"]);
    assert_eq!(printed.code, Some(0), "{}", printed.text);
    assert_eq!(environment.traffic(), ["app--old=100"]);
    assert_eq!(environment.active(), ["app--old"]);
    assert_eq!(environment.changes()[5..], [PATCH, DEACTIVATE_NEW]);

    let printed = environment.run(&["rollback", "--to", "app--new"]);
    assert_eq!(printed.code, Some(0), "{}", printed.text);
    assert_eq!(environment.traffic(), ["app--new=100"]);
    let printed = environment.run(&["status"]);
    assert!(
        printed.text.contains("rolling-back: requested by an operator"),
        "{}",
        printed.text
    );
}

/// L10: Without an earlier revision the first one gets all traffic, after the same steps.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn the_first_deploy_needs_no_old_revision() {
    let environment = Environment::new("first", false);
    let printed = environment.deploy();
    assert_eq!(printed.code, Some(0), "{}", printed.text);
    assert_eq!(environment.traffic(), ["app--new=100"]);
    assert_eq!(environment.changes(), [START, PATCH]);
    let printed = environment.run(&["rollback"]);
    assert_eq!(printed.code, Some(1), "{}", printed.text);
    assert!(printed.text.contains("no earlier revision"), "{}", printed.text);
}

/// L10: A migration that fails or hangs stops the deploy before a new revision exists.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn a_failed_or_hanging_migration_creates_no_revision() {
    for (name, outcome, limit, why) in [
        ("migration-fails", Outcome::Fails, 60, "ended as Failed"),
        (
            "migration-hangs",
            Outcome::Hangs,
            20,
            "az containerapp job execution show --name migrate --resource-group migration-hangs --output json --only-show-errors \
             --job-execution-name migrate-0`: not within 20.0 s: it is running",
        ),
    ] {
        let environment = Environment::new(name, true);
        environment.write_config(limit);
        environment.simulator.group(name, |group| group.outcome = outcome);
        let printed = environment.deploy();
        assert_eq!(printed.code, Some(1), "{}", printed.text);
        assert!(printed.text.contains(why), "{}", printed.text);
        assert_eq!(environment.journal().deploy.state.name(), "failed");
        assert_eq!(environment.traffic(), ["app--old=100"]);
        assert_eq!(environment.active(), ["app--old"]);
        assert_eq!(environment.changes(), [PATCH, START]);
        environment.write_records();
    }
}

/// L10: A revision that does not become healthy, fails its smoke test, or does not stay healthy is rolled back.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn a_bad_revision_is_rolled_back() {
    for (name, health, smoke_fails, limit, shifts, why) in [
        (
            "never-healthy",
            Health::Never,
            false,
            20,
            0,
            "not within 20.0 s: health Unhealthy",
        ),
        ("activation-fails", Health::Fails, false, 60, 0, "app--new failed"),
        (
            "smoke-fails",
            Health::HealthyAfter(2),
            true,
            60,
            0,
            "running the smoke test",
        ),
        (
            "unhealthy-later",
            Health::UntilTraffic,
            false,
            60,
            1,
            "not healthy any more",
        ),
    ] {
        let environment = Environment::new(name, true);
        environment.write_config(limit);
        environment.simulator.group(name, |group| group.health = health);
        if smoke_fails {
            std::fs::write(environment.path("smoke-fails"), "").unwrap();
        }
        let printed = environment.deploy();
        assert_eq!(printed.code, Some(1), "{}", printed.text);
        assert!(printed.text.contains(why), "{name}: {}", printed.text);
        assert_eq!(environment.journal().deploy.state.name(), "rolled-back");
        assert_eq!(environment.traffic(), ["app--old=100"], "{name}");
        assert_eq!(environment.active(), ["app--old"], "{name}");
        let mut expected = vec![PATCH, START];
        expected.extend(std::iter::repeat_n(PATCH, shifts));
        expected.extend([PATCH, DEACTIVATE_NEW]);
        assert_eq!(environment.changes(), expected, "{name}");
        environment.write_records();
    }
}

/// L10: Errors of Resource Manager and lost connections are overcome, and the migration still runs once.
#[test]
#[ignore = "needs az: `cargo xtask tools install azure-cli`"]
fn passing_errors_are_overcome_without_a_second_migration() {
    let environment = Environment::new("errors", true);
    let disruption = |method, path, kind| Disruption {
        method,
        path,
        kind,
        times: 1,
    };
    environment.simulator.group("errors", |group| {
        group.disruptions = vec![
            // Not to be mistaken for an app that does not exist.
            disruption("GET", "containerapps/app", Kind::Status(500)),
            disruption("PATCH", "containerapps/app", Kind::Status(409)),
            disruption("GET", "jobs/migrate", Kind::Status(429)),
            disruption("POST", "jobs/migrate/start", Kind::AnswerLost),
            disruption("GET", "executions/migrate-0", Kind::Lost),
            disruption("GET", "revisions/app--new", Kind::Status(500)),
            disruption("PATCH", "containerapps/app", Kind::Lost),
        ];
    });
    let printed = environment.deploy();
    assert_eq!(printed.code, Some(0), "{}", printed.text);
    assert_eq!(environment.traffic(), ["app--new=100"]);
    let (unused, executions) = environment.simulator.group("errors", |group| {
        let unused = group
            .disruptions
            .iter()
            .map(|disruption| disruption.times)
            .sum::<u32>();
        (unused, group.executions.len())
    });
    assert_eq!(
        (unused, executions),
        (0, 1),
        "each disruption was met, the migration ran once"
    );
    environment.write_records();
}
