//! A service that issues logins for people: a PostgreSQL with pgaudit, a Vault that issues real logins, and the parties.

use super::parties::{Parties, Person};
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

/// A server with pgaudit, and its database. `None` where pgaudit is not installed, which the output says.
pub fn postgres() -> Option<(Cluster, Database)> {
    let Some((cluster, server)) = own_postgres::start_with_pgaudit() else {
        eprintln!("skipped: pgaudit is not installed (Debian: postgresql-15-pgaudit)");
        return None;
    };
    let name = "portcullis".to_owned();
    Some((cluster, Database { name, server }))
}

/// The parties of a service that issues logins.
pub fn parties<'a>(database: &'a Database, vault: &TestVault<'_>) -> Parties<'a> {
    let secret_id = TempFile::new("secret-id", &vault.secret_id("portcullis-broker"));
    let path = secret_id.path().to_str().unwrap().to_owned();
    let settings = [
        ("ACCESS_REQUESTS", "vault"),
        ("ACCESS_VAULT_ROLE_ID", "portcullis-broker"),
        ("ACCESS_VAULT_SECRET_ID_FILE", &path),
        ("VAULT_ADDRESS", &vault.address()),
        ("VAULT_ROLE_ID", "portcullis"),
        ("VAULT_SECRET_ID", &vault.secret_id("portcullis")),
    ];
    Parties {
        secret_id: Some(secret_id),
        ..Parties::with(database, &settings)
    }
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
