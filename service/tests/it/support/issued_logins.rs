//! Database logins that exist for a while, as Vault's database engine issues and revokes them.

use super::database::{Database, settings};
use portcullis::config::Settings;
use serde_json::json;
use std::fs;
use std::path::Path;

/// The logins of `serve`, and their groups.
const LOGINS: [(&str, &str); 4] = [
    ("rates", "portcullis_rates_reader"),
    ("accounts", "portcullis_accounts_writer"),
    ("wishes", "portcullis_wishes_writer"),
    ("mail", "portcullis_mail_sender"),
];

/// Issues logins of a database and writes their credentials to a folder.
pub struct Issuer<'a> {
    database: &'a Database,
    folder: tempfile::TempDir,
}

impl<'a> Issuer<'a> {
    /// Issues the first generation.
    pub fn new(database: &'a Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = Self { database, folder };
        issuer.issue(0);
        issuer
    }

    /// The folder with the credentials.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The settings of a service with these logins, with names that lack the prefix.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = self.database.pairs();
        let by_settings = ["DATABASE_MIGRATOR_PASSWORD", "DATABASE_ADMIN_PASSWORD"];
        let is_issued = |name: &str| name.ends_with("_PASSWORD") && !by_settings.contains(&name);
        pairs.retain(|(name, _)| !is_issued(name));
        let folder = self.folder().to_str().unwrap();
        pairs.push(("DATABASE_CREDENTIALS".to_owned(), "files".to_owned()));
        pairs.push(("DATABASE_CREDENTIALS_FOLDER".to_owned(), folder.to_owned()));
        pairs
    }

    /// The parsed settings.
    pub fn settings(&self) -> Settings {
        settings(self.pairs(), &[])
    }

    /// Creates the logins of a generation and writes their credentials.
    pub fn issue(&self, generation: usize) {
        for (login, group) in LOGINS {
            let user = self.user(login, generation);
            self.database
                .execute(&format!("CREATE ROLE {user} LOGIN IN ROLE {group}"));
            self.set_password(login, generation, &format!("issued-{user}"));
        }
    }

    /// Gives a login this password, and writes it.
    pub fn set_password(&self, login: &str, generation: usize, password: &str) {
        let user = self.user(login, generation);
        self.database
            .execute(&format!("ALTER ROLE {user} PASSWORD '{password}'"));
        self.write(
            login,
            &json!({"username": user, "password": password, "ttl": 3600}).to_string(),
        );
    }

    /// Replaces the file of a login.
    pub fn write(&self, login: &str, text: &str) {
        let part = self.folder().join("part");
        fs::write(&part, text).unwrap();
        fs::rename(&part, self.folder().join(format!("{login}.json"))).unwrap();
    }

    /// The number of connections of a generation.
    pub fn connections(&self, generation: usize) -> i64 {
        let line = &self.database.lines(&format!(
            "SELECT count(*)::text AS line FROM pg_stat_activity WHERE usename ~ '^{}_issued_.*_{generation}$'",
            self.database.name
        ))[0];
        line.parse().unwrap()
    }

    /// Ends the connections of a generation and drops its logins, as the end of their leases does.
    pub fn revoke(&self, generation: usize) {
        for (login, _) in LOGINS {
            let user = self.user(login, generation);
            self.database.execute(&format!("ALTER ROLE {user} NOLOGIN"));
            self.database.execute(&format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'; DROP ROLE {user}"
            ));
        }
    }

    fn user(&self, login: &str, generation: usize) -> String {
        format!("{}_issued_{login}_{generation}", self.database.name)
    }
}
