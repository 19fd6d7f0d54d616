//! Logins of approved requests: issued, handed over once, traced to a person.

use super::broker::{self, Setup};
use crate::support::database::{Database, lines};
use crate::support::program::{self, ServiceProcess};
use crate::support::vault::TestVault;
use crate::support::wait::wait_until;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// N1, N4: An approved person collects a login once, and reads what the level permits. The name of the login leads to the person
/// and the request, and pgaudit's line of a statement has that name.
#[test]
fn an_approved_person_collects_a_login_that_leads_back_to_them() {
    broker::with_logins(|Setup { cluster, parties, .. }| {
        let id = parties.request(&parties.ann, "rates-read", 8);
        parties.try_collect(&parties.ann, id).problem(409);
        parties.approve(id);
        let login = parties.collect(&parties.ann, id);
        let again = parties.try_collect(&parties.ann, id).problem(409);
        assert_eq!(again["type"], "urn:portcullis:problem:access-login-collected");
        for other in [&parties.approver, &parties.admin] {
            parties.try_collect(other, id).problem(404);
        }

        let mut conn = login.connect(parties.database).unwrap();
        lines(
            &mut conn,
            "SELECT count(*)::text || 'traced' AS line FROM rates.prices",
        )
        .unwrap();
        for hidden in [
            "SELECT digest FROM rates.batches",
            "SELECT email FROM accounts.accounts",
            "SELECT id FROM wishes.wishes",
            "INSERT INTO rates.regions (slug, name) VALUES ('x', 'X')",
            "CREATE TEMP TABLE x (y int)",
        ] {
            let error = conn.batch_execute(hidden).unwrap_err().to_string();
            assert!(error.contains("permission denied"), "{hidden}: {error}");
        }
        let line = audit_line(cluster, "traced");
        let (user, _) = line.split_once('@').unwrap();
        let user = user.rsplit(' ').next().unwrap();
        assert_eq!(user, login.user);

        let path = format!("/access/logins/{user}");
        parties.get(&parties.ann, &path).problem(403);
        let found = parties.get(&parties.admin, &path).json();
        assert_eq!(
            (
                &found["name"],
                &found["request"]["id"],
                &found["request"]["requester_email"]
            ),
            (&json!(user), &json!(id), &json!("ann@example.org"))
        );
        assert!(found["collected_at"].is_string(), "{found}");
        parties
            .get(&parties.admin, "/access/logins/v-unknown")
            .problem(404);

        let events = parties.login_events(id);
        assert_eq!(events.len(), 2, "{events:?}");
        assert!(events[0].starts_with("access_login.issued -"), "{events:?}");
        assert!(
            events[1].starts_with(&format!("access_login.collected {}", parties.ann.id)),
            "{events:?}"
        );
        let mails = "SELECT kind AS line FROM mail.outbox WHERE recipient = 'ann@example.org' ORDER BY id";
        assert_eq!(
            parties.database.lines(mails),
            ["access_approved", "access_login_issued"]
        );
        let stored = parties
            .database
            .lines("SELECT coalesce(sealed_token::text, '-') AS line FROM access.logins");
        assert_eq!(stored, ["-"], "the wrapping token is removed");
    });
}

/// The line that pgaudit wrote for a statement with this text.
fn audit_line(cluster: &private_postgres::Cluster, text: &str) -> String {
    let start = Instant::now();
    loop {
        let log = std::fs::read(&cluster.options().log).unwrap();
        let log = String::from_utf8_lossy(&log).into_owned();
        let found = log
            .lines()
            .find(|line| line.contains("AUDIT:") && line.contains(text));
        if let Some(line) = found {
            return line.to_owned();
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{log}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// N4, N5: Revoking ends the login and its sessions within five seconds, whether the requester, an approver or an administrator
/// does it. Deleting the account ends its access as well.
#[test]
fn revoking_ends_the_sessions_of_the_person() {
    broker::with_logins(|Setup { parties, .. }| {
        for who in [&parties.ann, &parties.approver, &parties.admin] {
            let (id, login) = parties.collect_new();
            let mut sessions: Vec<_> = (0..3).map(|_| login.connect(parties.database).unwrap()).collect();
            let start = Instant::now();
            assert_eq!(parties.act(who, id, "revoke").status, 200);
            parties.wait_for_drop(&login);
            let elapsed = start.elapsed();
            println!("sessions ended after {elapsed:?}");
            assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
            for session in &mut sessions {
                assert!(session.batch_execute("SELECT 1").is_err());
            }
            assert!(login.connect(parties.database).is_none());
            parties.try_collect(&parties.ann, id).problem(409);
            parties.wait_for_end_event(id, "dropped", "vault");
        }
        let (id, login) = parties.collect_new();
        assert_eq!(
            parties
                .call(&parties.ann, "DELETE", "/auth/me", &Value::Null)
                .status,
            204
        );
        parties.wait_for_drop(&login);
        let state = format!("SELECT state || ' ' || end_reason AS line FROM access.requests WHERE id = {id}");
        assert_eq!(parties.database.lines(&state), ["ended account-deleted"]);
    });
}

/// N4: An approver reads accounts with the level accounts-audit, and neither hashes nor tokens nor second factors.
#[test]
fn the_level_accounts_audit_shows_no_secret() {
    broker::with_logins(|Setup { parties, .. }| {
        let id = parties.request(&parties.ann, "accounts-audit", 1);
        parties.approve(id);
        let mut conn = parties
            .collect(&parties.ann, id)
            .connect(parties.database)
            .unwrap();
        for visible in [
            "SELECT email FROM accounts.accounts",
            "SELECT account_id, address FROM sessions.sessions",
            "SELECT action, detail FROM audit.events",
            "SELECT name, request_id FROM access.logins",
        ] {
            conn.batch_execute(visible).unwrap();
        }
        for hidden in [
            "SELECT password_hash FROM accounts.credentials",
            "SELECT totp_secret FROM accounts.credentials",
            "SELECT accounts.credential_for(NULL, 1)",
            "SELECT token_hash FROM accounts.links",
            "SELECT token_hash FROM sessions.refresh_tokens",
            "SELECT cookie_hash FROM sessions.sessions",
            "SELECT sealed_token FROM access.logins",
            "SELECT lease_id FROM access.logins",
            "SELECT data FROM mail.outbox",
            "SELECT answer FROM sessions.form_answers",
            "SELECT id FROM rates.batches",
            "UPDATE access.requests SET hours = 8760",
        ] {
            assert!(conn.batch_execute(hidden).is_err(), "{hidden}");
        }
    });
}

/// N4: A wrapped SecretID of the broker that was used before, or that is another program's, is an incident: the service does not
/// start, exit code 78.
#[test]
fn a_wrapped_secret_id_that_was_used_or_replaced_ends_the_start() {
    let database = Database::fresh();
    let vault = TestVault::over(&database);
    let used = vault.wrapped_secret_id("portcullis-broker", "60s");
    let (status, _) = vault.call_as(&used, "POST", "sys/wrapping/unwrap", &json!({}));
    assert_eq!(status, 200);
    let replaced = vault.wrapped_secret_id("portcullis-keys", "60s");
    ends_the_start(&vault, &database, &used, "wrapping token was used before");
    ends_the_start(
        &vault,
        &database,
        &replaced,
        "no SecretID of the configured AppRole",
    );
}

/// N4: If Vault answers only after the start, the same incident ends the service then.
#[test]
fn a_used_wrapped_secret_id_ends_a_service_that_started_without_vault() {
    let database = Database::fresh();
    let vault = TestVault::over(&database);
    let used = vault.wrapped_secret_id("portcullis-broker", "5m");
    let pairs = pairs(&vault, &database, &used);
    let (status, _) = vault.call_as(&used, "POST", "sys/wrapping/unwrap", &json!({}));
    assert_eq!(status, 200);
    vault.write("sys/seal", &json!({}));
    let process = ServiceProcess::start(&pairs);
    for key in vault.server.unseal_keys() {
        vault.write("sys/unseal", &json!({ "key": key }));
    }
    let (code, log) = process.wait();
    assert_eq!(code, Some(78), "{log:?}");
    assert_incident_of_broker(log.iter().map(String::as_str));
}

/// V5: A service that waits for the broker's login to Vault while its pools connect stops on SIGTERM.
#[test]
fn a_service_that_waits_for_the_brokers_login_stops_on_a_signal() {
    let database = Database::fresh();
    let vault = TestVault::over(&database);
    let wrapped = vault.wrapped_secret_id("portcullis-broker", "5m");
    let pairs = pairs(&vault, &database, &wrapped);
    // Each of the three calls of the login takes less than its limit.
    for path in ["sys/wrapping", "auth/approle/login"] {
        let slow = json!({ "path": path, "effect": { "delay_ms": 4000 } });
        vault.write("control/rules", &slow);
    }
    let process = ServiceProcess::spawn(&pairs);
    let connected = format!(
        "SELECT (count(*) > 0)::text AS line FROM pg_stat_activity WHERE datname = '{}' AND usename LIKE 'portcullis%'",
        database.name
    );
    wait_until("the service connects", || database.lines(&connected) == ["true"]);
    let start = Instant::now();
    process.terminate();
    let (code, log) = process.wait();
    let elapsed = start.elapsed();
    assert_eq!(code, Some(0), "{log:?}");
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?} {log:?}");
    let has_started = log.iter().any(|line| line.contains("listening"));
    assert!(!has_started, "{log:?}");
}

fn ends_the_start(vault: &TestVault<'_>, database: &Database, wrapped: &str, reason: &str) {
    let output = program::run(&["serve"], &pairs(vault, database, wrapped));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(78), "{errors}");
    assert!(errors.contains(reason), "{errors}");
    assert_incident_of_broker(program::stdout(&output).lines());
}

/// Checks that the log has the incident, with the client.
fn assert_incident_of_broker<'a>(mut lines: impl Iterator<Item = &'a str>) {
    let line = lines.find(|line| line.contains("vault.wrapped_secret_id_rejected"));
    let line = line.unwrap();
    assert!(line.contains("\"client\":\"broker\""), "{line}");
}

/// The settings of a service whose broker has this wrapped SecretID.
fn pairs(vault: &TestVault<'_>, database: &Database, wrapped: &str) -> Vec<(String, String)> {
    let mut pairs = database.pairs();
    let more = [
        ("ACCESS_REQUESTS", "vault"),
        ("ACCESS_VAULT_ROLE_ID", "portcullis-broker"),
        ("ACCESS_VAULT_WRAPPED_SECRET_ID", wrapped),
        ("VAULT_ADDRESS", &vault.address()),
        ("VAULT_ROLE_ID", "portcullis"),
        ("VAULT_SECRET_ID", &vault.secret_id("portcullis")),
    ];
    pairs.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    pairs
}
