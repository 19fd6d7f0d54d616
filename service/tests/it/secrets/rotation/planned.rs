//! Credentials are renewed at two thirds of their lease and replaced before its maximum, without a failed request.

use super::{LOGINS, PATIENCE, existing, pairs, set_ttls, start, users, wait_until_ready};
use crate::support::accounts::create_and_log_in;
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::load::{Outcome, under_load};
use crate::support::metric::metric;
use crate::support::program::ServiceProcess;
use crate::support::sample_data::small;
use crate::support::vault::TestVault;
use crate::support::wait::wait_until_within;
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::time::Duration;

/// How often the credentials of all logins were replaced, apart from the first ones.
fn rotations(app: &App, reason: &str) -> f64 {
    let reason = format!("reason=\"{reason}\"");
    LOGINS
        .iter()
        .map(|login| {
            metric(
                app,
                "db_login_rotations_total",
                &[&format!("login=\"{login}\""), &reason],
            )
        })
        .sum()
}

/// V2: A lease is renewed at two thirds; when its maximum is near, the login is replaced, and the former lease is revoked after
/// its last connection is closed.
#[test]
fn a_lease_is_renewed_at_two_thirds_and_replaced_before_its_maximum() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let ttl = 12.0;
    set_ttls(&vault, Duration::from_secs(12), Duration::from_secs(26));
    let process = ServiceProcess::start(&pairs(&vault, "vault"));
    let app = App::of_process(&process);
    wait_until_ready(&app);
    let first = users(&database);
    assert_eq!(first.len(), LOGINS.len());
    let remaining = || metric(&app, "db_login_lease_remaining_seconds", &["login=\"rates\""]);
    let replaced = || metric(&app, "db_login_generation", &["login=\"rates\""]) > 1.0;
    let (mut renewed_at, mut former) = (Vec::new(), remaining());
    wait_until_within(PATIENCE, "the login is replaced", || {
        let now = remaining();
        let is_replaced = replaced();
        if now > former && !is_replaced {
            renewed_at.push(former / ttl);
        }
        former = now;
        is_replaced
    });
    // By the clock of a busy machine: a third of the lease is left, and up to a tenth of two thirds more.
    assert!(
        !renewed_at.is_empty(),
        "the lease is renewed before it is replaced"
    );
    assert!(
        renewed_at.iter().all(|left| (0.05..=0.55).contains(left)),
        "{renewed_at:?}"
    );
    println!("renewed with {renewed_at:.2?} of the lease left");
    wait_until_within(PATIENCE, "the former logins are dropped", || {
        existing(&database, &first).is_empty()
    });
    for login in LOGINS {
        let name = format!("\"login\":\"{login}\"");
        let position = |text: &str| {
            let log = process.log();
            log.iter()
                .position(|line| line.contains(&name) && line.contains(text))
        };
        wait_until_within(PATIENCE, "the log has the revocation", || {
            position("former credentials revoked").is_some()
        });
        let closed = position("the last connection with the former credentials is closed");
        let revoked = position("former credentials revoked");
        assert!(
            closed.is_some() && closed < revoked,
            "{login}: {:?}",
            process.log()
        );
    }
    process.terminate();
    assert_eq!(process.wait().0, Some(0));
}

/// V1, V2: The metric of a lease shows the end of Vault's token if that comes first, because the lease ends with it. It follows
/// the renewals of the token.
#[test]
fn the_metric_of_a_lease_shows_the_end_of_the_token() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let period = 12.0;
    vault.write("auth/approle/role/portcullis", &json!({ "token_period": "12s" }));
    let app = start(&vault, "vault", &[]);
    let renewals = || {
        metric(
            &app,
            "vault_requests_total",
            &["operation=\"token_renew\"", "outcome=\"ok\""],
        )
    };
    wait_until_within(PATIENCE, "the token is renewed twice", || {
        for login in LOGINS {
            let label = format!("login=\"{login}\"");
            let remaining = metric(&app, "db_login_lease_remaining_seconds", &[&label]);
            assert!(0.0 < remaining && remaining <= period, "{login}: {remaining}");
        }
        renewals() >= 2.0
    });
}

/// Replaces the logins of a service under load at least this often in all; returns what happened to the load.
fn rotate(source: &str, reason: &str, times: f64, prepare: impl FnOnce(&TestVault<'_>)) -> Outcome {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    prepare(&vault);
    let app = start(&vault, source, &[]);
    let token = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let outcome = under_load(&app, &token, || {
        wait_until_within(Duration::from_secs(240), "rotated", || {
            rotations(&app, reason) >= times
        });
    });
    println!(
        "{source}: {} rotations, {} requests, {} failed, p99 {:?}",
        rotations(&app, reason),
        outcome.good,
        outcome.failed(),
        outcome.p99()
    );
    app.stop();
    outcome
}

/// V3: While 20 logins are replaced and the former ones revoked, no request fails.
#[test]
fn no_request_fails_in_twenty_planned_rotations() {
    let outcome = rotate("vault", "expiry", 20.0, |vault| {
        // The first renewal is cut, so that each lease leads to another one after two thirds.
        set_ttls(vault, Duration::from_secs(12), Duration::from_secs(12));
    });
    assert_eq!(outcome.failed(), 0, "{:?}", outcome.bad);
    assert!(outcome.good > 100, "{}", outcome.good);
}

/// V8: While Vault replaces the passwords of static roles, no request fails.
#[test]
fn no_request_fails_when_vault_replaces_the_passwords_of_static_roles() {
    let outcome = rotate("vault-static", "password", 8.0, |vault| {
        for login in LOGINS {
            let path = format!("database/static-roles/portcullis-static-{login}");
            let (status, role) = vault.call("GET", &path, &Value::Null);
            assert_eq!(status, 200, "{role}");
            let mut role = role["data"].clone();
            role["rotation_period"] = json!("6s");
            vault.write(&path, &role);
        }
    });
    assert_eq!(outcome.failed(), 0, "{:?}", outcome.bad);
    assert!(outcome.good > 100, "{}", outcome.good);
}
