//! A service that issues logins for people: a PostgreSQL with pgaudit, a Vault that issues real logins, and the parties.

use super::parties::{Parties, Person};
use crate::support::app::App;
use crate::support::database::{Database, lines};
use crate::support::own_postgres;
use crate::support::response::Response;
use crate::support::temp_file::TempFile;
use crate::support::vault::TestVault;
use diesel::pg::PgConnection;
use private_postgres::Cluster;
use serde_json::Value;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a test of issued logins runs on.
pub struct Setup<'a> {
    pub cluster: &'a Cluster,
    pub vault: &'a TestVault<'a>,
    pub parties: Parties<'a>,
}

/// Runs a test where pgaudit is installed.
pub fn with_logins(test: impl FnOnce(Setup<'_>)) {
    with_vault(|cluster, database, vault| {
        let (settings, secret_id) = settings(vault);
        let parties = Parties {
            secret_id: Some(secret_id),
            ..Parties::of(database, start(database, &settings))
        };
        test(Setup {
            cluster,
            vault,
            parties,
        });
    });
}

/// The same without a service.
pub fn with_vault(test: impl FnOnce(&Cluster, &Database, &TestVault<'_>)) {
    own_postgres::with_pgaudit(|cluster, database| test(cluster, database, &TestVault::over(database)));
}

/// The settings of a service that issues logins, and the file with the broker's SecretID.
pub fn settings(vault: &TestVault<'_>) -> (Vec<(String, String)>, TempFile) {
    let secret_id = TempFile::new("secret-id", vault.secret_id("portcullis-broker"));
    let settings = [
        ("ACCESS_REQUESTS", "vault".to_owned()),
        ("ACCESS_VAULT_ROLE_ID", "portcullis-broker".to_owned()),
        (
            "ACCESS_VAULT_SECRET_ID_FILE",
            secret_id.path().display().to_string(),
        ),
        ("VAULT_ADDRESS", vault.address()),
        ("VAULT_ROLE_ID", "portcullis".to_owned()),
        ("VAULT_SECRET_ID", vault.secret_id("portcullis")),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value));
    (settings.into(), secret_id)
}

/// Starts a replica.
pub fn start(database: &Database, settings: &[(String, String)]) -> App {
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    App::start(&database.settings(&settings))
}

/// Credentials of a login.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

impl Credentials {
    fn of(response: &Response) -> Self {
        let body = response.json();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self {
            user: text("username"),
            password: text("password"),
        }
    }

    pub fn connect(&self, database: &Database) -> Option<PgConnection> {
        let connected = database
            .server
            .connect(&database.name, &self.user, &self.password);
        connected.ok()
    }

    /// Whether the login works and reads ports.
    pub fn works(&self, database: &Database) -> bool {
        let Some(mut conn) = self.connect(database) else {
            return false;
        };
        lines(&mut conn, "SELECT count(*)::text AS line FROM rates.ports").is_ok()
    }
}

impl Parties<'_> {
    /// The response to an attempt to collect a login.
    pub fn try_collect(&self, who: &Person, id: i64) -> Response {
        self.call(who, "POST", &format!("/access/requests/{id}/login"), &Value::Null)
    }

    /// Collects the login of a request as soon as it is issued.
    pub fn collect(&self, who: &Person, id: i64) -> Credentials {
        let start = Instant::now();
        loop {
            let response = self.try_collect(who, id);
            if response.status != 503 {
                assert_eq!(response.status, 200, "{response:?}");
                assert!(response.header("cache-control").contains("no-store"));
                return Credentials::of(&response);
            }
            assert_eq!(response.header("retry-after"), "2");
            assert!(start.elapsed() < PATIENCE, "{response:?}");
            sleep(Duration::from_millis(50));
        }
    }

    /// An approved request, whose login is issued and not collected.
    pub fn issue(&self, who: &Person) -> i64 {
        let id = self.request(who, "rates-read", 8);
        self.approve(id);
        let issued = format!(
            "SELECT count(*)::text AS line FROM access.logins WHERE request_id = {id} AND issued_at IS NOT NULL"
        );
        self.wait_for(&issued, &["1"]);
        id
    }

    /// An approved request of Ann's, and its login.
    pub fn collect_new(&self) -> (i64, Credentials) {
        let id = self.request(&self.ann, "rates-read", 8);
        self.approve(id);
        (id, self.collect(&self.ann, id))
    }

    /// Waits until the sessions of a login have ended, less than five seconds after this time.
    pub fn wait_for_end_of_sessions(&self, login: &Credentials, start: Instant) {
        let user = &login.user;
        let sessions =
            format!("SELECT count(*)::text AS line FROM pg_stat_activity WHERE usename = '{user}'");
        self.wait_for(&sessions, &["0"]);
        let elapsed = start.elapsed();
        println!("sessions ended after {elapsed:?}");
        assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
        assert!(login.connect(self.database).is_none());
    }

    /// Waits until a login and its sessions do not exist any more.
    pub fn wait_for_drop(&self, login: &Credentials) {
        let user = &login.user;
        let left = format!(
            "SELECT (SELECT count(*) FROM pg_roles WHERE rolname = '{user}')::text || ' '
               || (SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}')::text AS line"
        );
        self.wait_for(&left, &["0 0"]);
    }

    /// Waits until the audit log has the end of the login of a request: `dropped` or `closed`, and by which of both.
    pub fn wait_for_end_event(&self, id: i64, end: &str, by: &str) {
        let events = format!(
            "SELECT action || ' ' || (detail->>'by') AS line FROM audit.events
             WHERE action IN ('access_login.dropped', 'access_login.closed') AND detail->>'request' = '{id}'"
        );
        self.wait_for(&events, &[&format!("access_login.{end} {by}")]);
    }

    /// Waits until a query of the superuser returns this.
    pub fn wait_for(&self, statement: &str, expected: &[&str]) {
        let start = Instant::now();
        loop {
            let found = self.database.lines(statement);
            if found == expected {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{statement}: {found:?}");
            sleep(Duration::from_millis(50));
        }
    }

    /// Delivers another SecretID to the broker: one lives for 30 days.
    pub fn deliver_secret_id(&self, vault: &TestVault<'_>) {
        let path = self.secret_id.as_ref().unwrap().path();
        std::fs::write(path, vault.secret_id("portcullis-broker")).unwrap();
    }

    /// Moves requests and logins this many hours into the past.
    pub fn age(&self, hours: u32) {
        let by = format!("interval '{hours} hours'");
        self.database.execute(&format!(
            // The database does not permit it: without its triggers.
            "SET session_replication_role = replica;
             UPDATE access.logins SET claimed_at = claimed_at - {by}, issued_at = issued_at - {by}, expires_at = expires_at - {by},
               token_expires_at = token_expires_at - {by}, collected_at = collected_at - {by};
             UPDATE access.requests SET decided_at = decided_at - {by}, expires_at = expires_at - {by};
             RESET session_replication_role"
        ));
    }
}
