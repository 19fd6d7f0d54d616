//! Vault is sealed, frozen or answers nonsense while the service runs, or PostgreSQL is unavailable while a lease ends.

use super::{LOGINS, PATIENCE, existing, readiness, revoke, set_ttls, start, users, wait_until_ready};
use crate::support::accounts::create_and_log_in;
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::load::under_load;
use crate::support::metric::metric;
use crate::support::sample_data::{QUERY, small};
use crate::support::tcp_proxy::TcpProxy;
use crate::support::vault::TestVault;
use crate::support::wait::wait_until_within;
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};

const WARNING: &str = "ok, but credentials of the database cannot be renewed\n";

fn failures(app: &App) -> f64 {
    metric(app, "db_login_failures_total", &[])
}

/// Vault fails for a while, within the leases: the service reports that, serves every request, and recovers.
fn survives(fail: impl FnOnce(&TestVault<'_>), heal: impl FnOnce(&TestVault<'_>)) {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    set_ttls(&vault, Duration::from_secs(24), Duration::from_secs(3600));
    let app = start(&vault, "vault", &[]);
    let token = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let outcome = under_load(&app, &token, || {
        fail(&vault);
        wait_until_within(PATIENCE, "readiness has a warning", || {
            readiness(&app) == (200, WARNING.to_owned())
        });
        let public = app.get("/health/ready");
        assert_eq!(public.status, 200, "{public:?}");
        assert!(public.text().contains("\"warning\":"), "{public:?}");
        assert!(failures(&app) >= 1.0);
        heal(&vault);
        wait_until_ready(&app);
    });
    // A machine that is so busy that the leases ended in between shows it by 503.
    assert_eq!(outcome.failed(), 0, "{:?}", outcome.bad);
}

/// V5: While Vault is sealed, the service keeps serving and reports that it cannot renew its credentials.
#[test]
fn the_service_survives_a_sealed_vault() {
    survives(
        |vault| {
            vault.write("sys/seal", &json!({}));
        },
        |vault| {
            for key in vault.server.unseal_keys() {
                vault.write("sys/unseal", &json!({"key": key}));
            }
        },
    );
}

/// V5: The same while Vault answers nonsense.
#[test]
fn the_service_survives_nonsense_from_vault() {
    survives(
        |vault| {
            let nonsense = json!({"path": "", "effect": {"body": "<html>secret-7f3a"}});
            vault.write("control/rules", &nonsense);
        },
        |vault| {
            vault.call("DELETE", "control/rules", &Value::Null);
        },
    );
}

/// V5: The same while Vault refuses everything with 503, as a standby without an active node does.
#[test]
fn the_service_survives_errors_of_vault() {
    survives(
        |vault| {
            let error = json!({"path": "", "effect": {"error": {"status": 503, "text": "planted"}}});
            vault.write("control/rules", &error);
        },
        |vault| {
            vault.call("DELETE", "control/rules", &Value::Null);
        },
    );
}

/// V5: The same while Vault closes each connection without an answer.
#[test]
fn the_service_survives_a_vault_that_closes_connections() {
    survives(
        |vault| {
            vault.write("control/rules", &json!({"path": "", "effect": "disconnect"}));
        },
        |vault| {
            vault.call("DELETE", "control/rules", &Value::Null);
        },
    );
}

/// V5: While Vault is frozen, the service serves until its leases end; then readiness says what it waits for. Afterwards the
/// service recovers by itself.
#[test]
fn the_service_serves_to_the_end_of_the_lease_and_recovers() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    set_ttls(&vault, Duration::from_secs(15), Duration::from_secs(3600));
    let app = start(&vault, "vault", &[]);
    let first = users(&database);
    vault.call("PUT", "control/frozen", &json!(true));
    wait_until_within(PATIENCE, "readiness has a warning", || {
        readiness(&app) == (200, WARNING.to_owned())
    });
    assert_eq!(app.get(QUERY).status, 200);
    wait_until_within(PATIENCE, "the leases end", || {
        existing(&database, &first).is_empty()
    });
    let missing = (
        503,
        "the service waits for credentials of the database\n".to_owned(),
    );
    wait_until_within(PATIENCE, "not ready", || readiness(&app) == missing);
    vault.call("PUT", "control/frozen", &json!(false));
    wait_until_ready(&app);
    assert_eq!(app.get(QUERY).status, 200);
}

/// V5: PostgreSQL is unavailable to the service while its logins end. When it is back, the service gets others.
#[test]
fn logins_that_end_while_postgresql_is_unavailable_are_replaced_afterwards() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let proxy = TcpProxy::to(&database.server);
    let app = start(&vault, "vault", &proxy.short_timeout_settings());
    let former = users(&database);
    proxy.freeze();
    wait_until_within(PATIENCE, "not ready", || readiness(&app).0 == 503);
    LOGINS.iter().for_each(|login| revoke(&vault, login));
    proxy.thaw();
    wait_until_ready(&app);
    assert_eq!(app.get(QUERY).status, 200);
    wait_until_within(PATIENCE, "the former logins are gone", || {
        existing(&database, &former).is_empty()
    });
}

/// V5: Without valid credentials and without Vault, requests do not wait for other credentials: they fail at once, until
/// Vault is back.
#[test]
fn requests_fail_at_once_while_ended_credentials_cannot_be_replaced() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let app = start(&vault, "vault", &[("DATABASE_ACQUIRE_TIMEOUT", "10000")]);
    vault.call("PUT", "control/frozen", &json!(true));
    for user in users(&database) {
        database.execute(&format!(
            "ALTER ROLE \"{user}\" NOLOGIN;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'"
        ));
    }
    let fails_at_once = || {
        let sent = Instant::now();
        app.get(QUERY).status == 503 && sent.elapsed() < Duration::from_secs(1)
    };
    wait_until_within(PATIENCE, "requests fail at once", fails_at_once);
    let sent = Instant::now();
    // Several attempts to issue others end in this time.
    while sent.elapsed() < Duration::from_secs(20) {
        let sent = Instant::now();
        assert_eq!(app.get(QUERY).status, 503);
        // A request that waits takes ten seconds.
        assert!(sent.elapsed() < Duration::from_secs(5), "{:?}", sent.elapsed());
        sleep(Duration::from_millis(200));
    }
    // Their leases would last for an hour.
    assert_eq!(
        readiness(&app),
        (
            503,
            "the service waits for credentials of the database\n".to_owned()
        )
    );
    let remaining = metric(&app, "db_login_lease_remaining_seconds", &["login=\"rates\""]);
    assert!(remaining <= 0.0, "{remaining}");
    vault.call("PUT", "control/frozen", &json!(false));
    wait_until_ready(&app);
    assert_eq!(app.get(QUERY).status, 200);
    assert!(metric(&app, "db_login_lease_remaining_seconds", &["login=\"rates\""]) > 0.0);
}

/// V8: A password that Vault cannot replace in time is read less and less often.
#[test]
fn an_overdue_password_is_read_less_and_less_often() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    for login in LOGINS {
        let path = format!("database/static-roles/portcullis-static-{login}");
        let (status, role) = vault.call("GET", &path, &Value::Null);
        assert_eq!(status, 200, "{role}");
        let mut role = role["data"].clone();
        role["rotation_period"] = json!("6s");
        vault.write(&path, &role);
    }
    let app = start(&vault, "vault-static", &[]);
    database.execute(&format!("ALTER ROLE \"{}\" NOLOGIN", vault.user()));
    database.execute(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{}'",
        vault.user()
    ));
    let reads = || metric(&app, "vault_requests_total", &["operation=\"static_login\""]);
    sleep(Duration::from_secs(8));
    let before = reads();
    sleep(Duration::from_secs(30));
    let after = reads() - before;
    // Without delays four logins read 350 times, with them about 40 times.
    assert!((4.0..150.0).contains(&after), "{after}");
    assert_eq!(app.get(QUERY).status, 200);
}

/// V8: A login that the server refuses for a while, with a password that remains the same, works again afterwards.
#[test]
fn a_refused_password_that_is_accepted_again_is_no_failure() {
    let database = Database::with_data(&small());
    let vault = TestVault::over(&database);
    let app = start(&vault, "vault-static", &[]);
    let user = format!("s-{}_rates", database.name);
    database.execute(&format!(
        "ALTER ROLE \"{user}\" NOLOGIN;
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'"
    ));
    let failed = || metric(&app, "db_login_failures_total", &["login=\"rates\""]) >= 1.0;
    wait_until_within(PATIENCE, "the login is refused", || {
        app.get(QUERY);
        failed()
    });
    database.execute(&format!("ALTER ROLE \"{user}\" LOGIN"));
    wait_until_ready(&app);
    assert_eq!(app.get(QUERY).status, 200);
}
