//! Revoking access against what prevents it: clients that reconnect, an unavailable Vault, a login that is being issued.

use super::broker::{self, Credentials, Setup};
use super::parties::Parties;
use crate::support::database::Database;
use crate::support::vault::TestVault;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

/// Logins of people that exist.
pub const LOGINS: &str =
    "SELECT count(*)::text AS line FROM pg_roles WHERE rolname LIKE 'v-portcullis-access%'";

/// Sessions whose login does not exist any more. Processes of the server itself have no login.
const SURVIVORS: &str = "SELECT count(*)::text AS line FROM pg_stat_activity a
   WHERE a.usesysid IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = a.usesysid)";

/// Connects and disconnects all the time, with the group as the current role, until the login has ended; returns the last sessions.
fn reconnect(login: &Credentials, database: &Database, is_over: &AtomicBool) -> Vec<PgConnection> {
    // The options are the last part of the connection string.
    let password = format!(
        "{} options='-c role=portcullis_access_rates_read'",
        login.password
    );
    let login = Credentials {
        user: login.user.clone(),
        password,
    };
    let mut sessions = Vec::new();
    while !is_over.load(Ordering::SeqCst) {
        if let Some(session) = login.connect(database) {
            sessions.push(session);
        }
        sessions.retain_mut(|session| session.batch_execute("SELECT FROM rates.ports").is_ok());
        sessions.truncate(1);
    }
    sessions
}

/// N5: Clients that reconnect all the time, with the group as their current role, have no session after the access was revoked.
#[test]
fn no_session_of_a_client_that_reconnects_survives() {
    broker::with_logins(|Setup { parties, .. }| {
        for _ in 0..3 {
            let (id, login) = parties.collect_new();
            let is_over = AtomicBool::new(false);
            let mut sessions: Vec<PgConnection> = thread::scope(|scope| {
                let clients: Vec<_> = (0..5)
                    .map(|_| scope.spawn(|| reconnect(&login, parties.database, &is_over)))
                    .collect();
                let connected = format!(
                    "SELECT (count(*) > 0)::text AS line FROM pg_stat_activity WHERE usename = '{}'",
                    login.user
                );
                parties.wait_for(&connected, &["true"]);
                assert_eq!(parties.act(&parties.admin, id, "revoke").status, 200);
                parties.wait_for(LOGINS, &["0"]);
                sleep(Duration::from_millis(200));
                is_over.store(true, Ordering::SeqCst);
                clients
                    .into_iter()
                    .flat_map(|client| client.join().unwrap())
                    .collect()
            });
            assert_eq!(parties.database.lines(SURVIVORS), ["0"]);
            let usable = sessions
                .iter_mut()
                .map(|session| session.batch_execute("SELECT FROM rates.ports"));
            assert_eq!(usable.filter(Result::is_ok).count(), 0);
            assert!(login.connect(parties.database).is_none());
        }
    });
}

/// N5: Without Vault the service ends the access in PostgreSQL itself; the login is dropped when Vault is back.
#[test]
fn an_unavailable_vault_does_not_delay_the_end_of_sessions() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let (id, login) = parties.collect_new();
        let mut session = login.connect(parties.database).unwrap();
        session.batch_execute("SELECT FROM rates.ports").unwrap();
        vault.write(
            "control/rules",
            &json!({"path": "sys/", "effect": {"error": {"status": 503, "text": "sealed"}}}),
        );
        vault.write(
            "control/rules",
            &json!({"path": "auth/", "effect": {"error": {"status": 503, "text": "sealed"}}}),
        );
        let start = Instant::now();
        assert_eq!(parties.act(&parties.approver, id, "revoke").status, 200);
        parties.wait_for_end_of_sessions(&login, start);
        assert!(session.batch_execute("SELECT 1").is_err());
        assert_eq!(parties.database.lines(LOGINS), ["1"], "Vault drops it");
        let (status, _) = vault.call("DELETE", "control/rules", &json!(null));
        assert!(status < 300);
        parties.wait_for(LOGINS, &["0"]);
    });
}

/// N5: Access that is revoked while Vault creates the token, creates the login or wraps its credentials leaves no login.
#[test]
fn revoking_while_a_login_is_issued_leaves_none() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        for path in ["auth/token/create", "database/creds", "sys/wrapping/wrap"] {
            let rule = json!({"path": path, "times": 1, "effect": {"delay_ms": 3000}});
            vault.write("control/rules", &rule);
            let id = parties.request(&parties.ann, "rates-read", 8);
            parties.approve(id);
            let claimed = format!("SELECT count(*)::text AS line FROM access.logins WHERE request_id = {id}");
            parties.wait_for(&claimed, &["1"]);
            // In the middle of the delay.
            sleep(Duration::from_millis(1000));
            assert_eq!(parties.act(&parties.ann, id, "revoke").status, 200);
            let ended = format!(
                "SELECT end_reason || ' ' || (issued_at IS NULL)::text AS line FROM access.logins WHERE request_id = {id}"
            );
            assert_eq!(parties.database.lines(&ended), ["revoked true"], "{path}");
            sleep(Duration::from_secs(4));
            parties.wait_for(LOGINS, &["0"]);
            assert_tokens_are_revoked(vault, &parties, path);
        }
    });
}

/// No token of a login is left in Vault.
pub fn assert_tokens_are_revoked(vault: &TestVault<'_>, parties: &Parties<'_>, path: &str) {
    let accessors = parties
        .database
        .lines("SELECT accessor AS line FROM access.logins WHERE accessor IS NOT NULL");
    for accessor in accessors {
        let found = || {
            let body = json!({ "accessor": accessor });
            vault.call("POST", "auth/token/lookup-accessor", &body).0
        };
        let start = Instant::now();
        while found() == 200 {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{path}: a token is left"
            );
            sleep(Duration::from_millis(100));
        }
    }
}

/// N5: A login whose lease cannot be extended is revoked.
#[test]
fn a_login_whose_lease_is_not_extended_is_revoked() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let rule = json!({"path": "sys/leases/renew", "times": 1, "effect": {"error": {"status": 500, "text": "x"}}});
        vault.write("control/rules", &rule);
        let id = parties.request(&parties.ann, "rates-read", 8);
        parties.approve(id);
        parties.wait_for(
            "SELECT end_reason AS line FROM access.logins WHERE end_reason IS NOT NULL",
            &["failed"],
        );
        let login = parties.collect(&parties.ann, id);
        assert!(login.works(parties.database));
        parties.wait_for(LOGINS, &["1"]);
    });
}

/// N5: A revocation does not wait for others while Vault is slow, neither one through this replica nor one by a change of the account.
#[test]
fn slow_revocations_do_not_delay_another() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let logins: Vec<(i64, Credentials)> = (0..4).map(|_| parties.collect_new()).collect();
        let rule = json!({"path": "sys/leases/revoke", "effect": {"delay_ms": 4000}});
        vault.write("control/rules", &rule);
        for (id, login) in &logins[..3] {
            let start = Instant::now();
            assert_eq!(parties.act(&parties.admin, *id, "revoke").status, 200);
            parties.wait_for_end_of_sessions(login, start);
        }
        let login = &logins[3].1;
        let mut session = login.connect(parties.database).unwrap();
        let start = Instant::now();
        let path = format!("/user/sessions?id={}", parties.ann.id);
        let ended = parties.call(&parties.admin, "DELETE", &path, &json!(null));
        assert_eq!(ended.status, 204, "{ended:?}");
        parties.wait_for_end_of_sessions(login, start);
        assert!(session.batch_execute("SELECT 1").is_err());
        let (status, _) = vault.call("DELETE", "control/rules", &json!(null));
        assert!(status < 300);
        parties.wait_for(LOGINS, &["0"]);
    });
}

/// N5: Vault confirms the revocation of a lease that it does not know: the service drops the login itself.
#[test]
fn a_login_that_vault_does_not_know_is_dropped() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let (id, login) = parties.collect_new();
        for path in ["sys/leases/revoke", "auth/token/revoke-accessor"] {
            vault.write(
                "control/rules",
                &json!({"path": path, "times": 1, "effect": {"body": "{}"}}),
            );
        }
        assert_eq!(parties.act(&parties.admin, id, "revoke").status, 200);
        parties.wait_for_drop(&login);
        parties.wait_for_end_event(id, "dropped", "service");
        let failures = "SELECT revoke_failures::text AS line FROM access.logins";
        assert_eq!(parties.database.lines(failures), ["0"]);
    });
}

/// N5: A login that cannot be dropped, because something in another database depends on it, is closed, and the audit log says so.
#[test]
fn a_login_that_cannot_be_dropped_is_recorded_as_closed() {
    broker::with_logins(|Setup { parties, .. }| {
        let (id, login) = parties.collect_new();
        let mut session = login.connect(parties.database).unwrap();
        let server = &parties.database.server;
        let mut elsewhere = server
            .connect("postgres", &server.user, &server.password)
            .unwrap();
        let default_privileges = format!(
            r#"ALTER DEFAULT PRIVILEGES FOR ROLE "{}" GRANT SELECT ON TABLES TO PUBLIC"#,
            login.user
        );
        elsewhere.batch_execute(&default_privileges).unwrap();
        assert_eq!(parties.act(&parties.admin, id, "revoke").status, 200);
        parties.wait_for_end_event(id, "closed", "service");
        assert!(session.batch_execute("SELECT 1").is_err());
        assert!(login.connect(parties.database).is_none());
        let state = format!(
            "SELECT concat(rolcanlogin, ' ', rolpassword IS NULL) AS line FROM pg_authid WHERE rolname = '{}'",
            login.user
        );
        assert_eq!(parties.database.lines(&state), ["f t"]);
    });
}

/// N5: A session that holds the row of its login, by changing its password in an open transaction, ends like any other.
#[test]
fn an_open_change_of_its_password_does_not_prevent_a_revocation() {
    broker::with_logins(|Setup { parties, .. }| {
        let (id, login) = parties.collect_new();
        let mut session = login.connect(parties.database).unwrap();
        session
            .batch_execute("BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'its own'")
            .unwrap();
        let start = Instant::now();
        assert_eq!(parties.act(&parties.admin, id, "revoke").status, 200);
        parties.wait_for_end_of_sessions(&login, start);
        assert!(session.batch_execute("COMMIT").is_err());
        parties.wait_for_drop(&login);
        parties.wait_for_end_event(id, "dropped", "vault");
    });
}
