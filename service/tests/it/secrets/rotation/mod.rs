//! A running service whose database logins Vault issues: over HTTP, with real logins in a real PostgreSQL.

/// Vault or PostgreSQL is unavailable.
mod outages;

/// Credentials are renewed and replaced before they end.
mod planned;

/// The service starts and stops.
mod start_and_stop;

/// Credentials end early.
mod unplanned;

use crate::support::app::App;
use crate::support::database::{Database, settings};
use crate::support::vault::TestVault;
use crate::support::wait::wait_until_within;
use serde_json::{Value, json};
use std::time::Duration;

/// The logins of a service without the demo.
const LOGINS: [&str; 4] = ["rates", "accounts", "wishes", "mail"];

/// Longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The settings of a service, with names that lack the prefix.
fn pairs(vault: &TestVault<'_>, source: &str) -> Vec<(String, String)> {
    let mut pairs = vault.pairs();
    pairs.push(("DATABASE_CREDENTIALS".to_owned(), source.to_owned()));
    pairs
}

/// The settings of a command that logs in as a program of its own.
fn pairs_of(vault: &TestVault<'_>, source: &str, program: &str) -> Vec<(String, String)> {
    let mut pairs = pairs(vault, source);
    for (name, value) in &mut pairs {
        match name.as_str() {
            "VAULT_ROLE_ID" => *value = program.to_owned(),
            "VAULT_SECRET_ID" => *value = vault.secret_id(program),
            _ => {}
        }
    }
    pairs
}

/// Starts a service and waits until it is ready.
fn start(vault: &TestVault<'_>, source: &str, more: &[(&str, &str)]) -> App {
    let app = App::start(&settings(pairs(vault, source), more));
    wait_until_ready(&app);
    app
}

fn wait_until_ready(app: &App) {
    wait_until_within(PATIENCE, "ready without a warning", || {
        readiness(app) == (200, "ok\n".to_owned())
    });
}

fn readiness(app: &App) -> (u16, String) {
    let response = app.get_internal("/health/ready");
    (response.status, response.text().to_owned())
}

/// Changes the lifetimes of the dynamic roles.
fn set_ttls(vault: &TestVault<'_>, default: Duration, max: Duration) {
    for login in LOGINS {
        let path = format!("database/roles/portcullis-{login}");
        let (status, role) = vault.call("GET", &path, &Value::Null);
        assert_eq!(status, 200, "{role}");
        let mut role = role["data"].clone();
        role["default_ttl"] = json!(default.as_secs());
        role["max_ttl"] = json!(max.as_secs());
        vault.write(&path, &role);
    }
}

/// Has an operator revoke what Vault issued for a login.
fn revoke(vault: &TestVault<'_>, login: &str) {
    vault.write(
        &format!("sys/leases/revoke-prefix/database/creds/portcullis-{login}"),
        &json!({}),
    );
}

/// The number of leases of the logins of all services.
fn leases(vault: &TestVault<'_>) -> usize {
    let of_login = |login| {
        let path = format!("sys/leases/lookup/database/creds/portcullis-{login}");
        let (status, answer) = vault.call("LIST", &path, &Value::Null);
        assert!(matches!(status, 200 | 404), "{status} {answer}");
        answer["data"]["keys"].as_array().map_or(0, Vec::len)
    };
    LOGINS.map(of_login).iter().sum()
}

/// The issued users whose connections use this database.
fn users(database: &Database) -> Vec<String> {
    database.lines(
        "SELECT DISTINCT usename::text AS line FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'portcullis-%' AND usename LIKE 'v-%' ORDER BY 1",
    )
}

/// Those of these users that exist.
fn existing(database: &Database, users: &[String]) -> Vec<String> {
    let names = users.iter().map(|user| format!("'{user}'")).collect::<Vec<_>>();
    database.lines(&format!(
        "SELECT rolname::text AS line FROM pg_roles WHERE rolname IN ({})",
        names.join(", ")
    ))
}
