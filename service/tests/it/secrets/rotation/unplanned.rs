//! Credentials end early: an operator revokes them, Vault's clock jumps, the token ends.

use super::{LOGINS, PATIENCE, revoke, start, users, wait_until_ready};
use crate::support::accounts::create_and_log_in;
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::load::under_load;
use crate::support::metric::metric;
use crate::support::sample_data::{QUERY, small};
use crate::support::vault::TestVault;
use crate::support::wait::wait_until_within;
use portcullis::types::role::Role;
use serde_json::json;
use std::thread::sleep;
use std::time::Duration;

/// How often credentials were replaced because they had ended.
fn replaced_early(app: &App) -> f64 {
    ["revoked", "refused"]
        .map(|reason| {
            metric(
                app,
                "db_login_rotations_total",
                &[&format!("reason=\"{reason}\"")],
            )
        })
        .iter()
        .sum()
}

/// V4: When an operator revokes the logins in use, only requests in progress fail, and the service recovers by itself.
#[test]
fn a_revoked_login_is_replaced_at_once() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let app = start(&vault, "vault", &[]);
    let token = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let mut failed = Vec::new();
    for login in ["rates", "wishes", "accounts"] {
        let outcome = under_load(&app, &token, || {
            sleep(Duration::from_millis(300));
            let before = replaced_early(&app);
            revoke(&vault, login);
            let took = wait_until_within(PATIENCE, "replaced", || replaced_early(&app) > before);
            println!("{login}: replaced {took:?} after the revocation");
            sleep(Duration::from_secs(3));
        });
        println!(
            "{login}: {} requests, {} failed within {:?}",
            outcome.good,
            outcome.failed(),
            outcome.outage()
        );
        assert!(
            outcome.bad.keys().all(|status| *status == 503),
            "{:?}",
            outcome.bad
        );
        assert!(
            outcome.outage() < Duration::from_secs(20),
            "{:?}",
            outcome.outage()
        );
        failed.push(outcome.failed());
    }
    // The requests in progress: the load has four clients.
    assert!(failed.iter().all(|failed| *failed <= 16), "{failed:?}");
}

/// V10: The same measurement finds failed requests if logins are revoked while Vault issues no others.
#[test]
fn requests_fail_when_logins_are_revoked_too_early() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let app = start(&vault, "vault", &[]);
    let token = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let outcome = under_load(&app, &token, || {
        let unavailable =
            json!({"path": "database/creds", "effect": {"error": {"status": 503, "text": "planted"}}});
        vault.write("control/rules", &unavailable);
        LOGINS.iter().for_each(|login| revoke(&vault, login));
        // Longer than requests wait for a connection.
        sleep(Duration::from_secs(4));
        vault.call("DELETE", "control/rules", &json!(null));
        wait_until_ready(&app);
    });
    assert!(outcome.failed() > 0, "{} succeeded", outcome.good);
    assert!(
        outcome.bad.keys().all(|status| *status == 503),
        "{:?}",
        outcome.bad
    );
    assert_eq!(app.get(QUERY).status, 200);
}

/// V4: When Vault's clock jumps by two days, all leases and the token end at once. The service logs in again.
#[test]
fn a_jump_of_vaults_clock_ends_all_credentials_and_the_service_recovers() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let app = start(&vault, "vault", &[]);
    let former = users(&database);
    vault.server.advance(Duration::from_secs(2 * 86_400));
    wait_until_within(PATIENCE, "other logins are issued", || {
        let present = users(&database);
        present.len() == LOGINS.len() && !present.iter().any(|user| former.contains(user))
    });
    wait_until_within(PATIENCE, "the service serves", || app.get(QUERY).status == 200);
    wait_until_ready(&app);
}

/// V4: A role that is dropped by hand, under a valid lease, is replaced too.
#[test]
fn a_role_that_is_dropped_by_hand_is_replaced() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let app = start(&vault, "vault", &[]);
    for user in users(&database).iter().filter(|user| user.contains("rates")) {
        database.execute(&format!("DROP ROLE \"{user}\""));
    }
    // The connections are still open, but have no rights.
    assert_eq!(app.get(QUERY).status, 200, "the request waits for the next login");
    assert!(replaced_early(&app) >= 1.0);
}
