//! PostgreSQL servers, and a new database per test, copied from a template that the library prepared and migrated.

use super::environment;
use super::temp_file::TempFile;
use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use portcullis::config::Settings;
use portcullis::config::source::Source;
use portcullis::crypto::token_keys::TokenKeys;
use portcullis::db::{groups, migrations, prepare};
use portcullis::domain::batches::import;
use portcullis::domain::batches::outcome::{ImportError, Imported};
use portcullis::domain::data_version::await_announcement;
use portcullis::types::clock;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The passwords of the logins. They are the same in every test, because roles belong to the server, not to a database.
pub const PASSWORDS: [(&str, &str); 8] = [
    ("RATES", "test-rates-password"),
    ("INGEST", "test-ingest-password"),
    ("ACCOUNTS", "test-accounts-password"),
    ("WISHES", "test-wishes-password"),
    ("MAIL", "test-mail-password"),
    ("DEMO", "test-demo-password"),
    ("MIGRATOR", "test-migrator-password"),
    ("VAULT", "test-vault-password"),
];

/// The data key of every tested service.
pub const DATA_KEY: &str = "q3T1x0m8Yc5yW9rJ4uH2vN7sK6pL0zEfGdB1aQiOtXk=";

/// The signing keys of every tested service, generated once per process.
pub fn token_keys() -> &'static str {
    static KEYS: OnceLock<String> = OnceLock::new();
    KEYS.get_or_init(|| TokenKeys::generate(clock::now()).unwrap().to_text())
}

/// A PostgreSQL server and its superuser.
#[derive(Clone, Debug)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: String,
    /// The superuser.
    pub user: String,
    /// The superuser's password.
    pub password: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Server {
    /// The server that all tests share.
    pub fn shared() -> Self {
        Self::parse(&environment::postgres())
    }

    /// Parses a libpq connection string.
    pub fn parse(conninfo: &str) -> Self {
        let value = |key: &str| {
            let mut pairs = conninfo
                .split_whitespace()
                .filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(name, _)| *name == key);
            found
                .map(|(_, value)| value.trim_matches('\'').to_owned())
                .unwrap_or_default()
        };
        Self {
            host: value("host"),
            port: value("port"),
            user: value("user"),
            password: value("password"),
        }
    }

    /// Connects to a database as the superuser.
    pub fn admin(&self, database: &str) -> PgConnection {
        self.connect(database, &self.user, &self.password).unwrap()
    }

    /// Connects to a database as any login.
    pub fn connect(&self, database: &str, user: &str, password: &str) -> ConnectionResult<PgConnection> {
        let Self { host, port, .. } = self;
        PgConnection::establish(&format!(
            "host={host} port={port} dbname={database} user={user} password={password}"
        ))
    }

    /// The settings of a service over a database of this server, with names that lack the prefix `PORTCULLIS_`.
    pub fn pairs(&self, database: &str) -> Vec<(String, String)> {
        let mut pairs = vec![
            ("PROFILE".to_owned(), "development".to_owned()),
            ("LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("INTERNAL_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("RATE_LIMIT".to_owned(), "1000000000".to_owned()),
            ("SHUTDOWN_DELAY".to_owned(), "0".to_owned()),
            ("DATABASE_HOST".to_owned(), self.host.clone()),
            ("DATABASE_PORT".to_owned(), self.port.clone()),
            ("DATABASE_NAME".to_owned(), database.to_owned()),
            ("DATABASE_SSLMODE".to_owned(), "disable".to_owned()),
            ("DATA_KEY".to_owned(), DATA_KEY.to_owned()),
            ("TOKEN_KEYS".to_owned(), token_keys().to_owned()),
            ("REGISTRATION".to_owned(), "open".to_owned()),
            ("MAIL_FOLDER".to_owned(), mail_folder(database)),
            ("DATABASE_ADMIN_USER".to_owned(), self.user.clone()),
            ("DATABASE_ADMIN_PASSWORD".to_owned(), self.password.clone()),
        ];
        pairs.extend(
            PASSWORDS.map(|(login, password)| (format!("DATABASE_{login}_PASSWORD"), password.to_owned())),
        );
        pairs
    }

    /// Creates, prepares and migrates a database.
    pub fn create_database(&self, name: &str) {
        let settings = settings(self.pairs(name), &[]);
        self.with_role_lock(|| prepare::prepare(&settings.database, false).unwrap());
        migrations::up(&settings.database, None).unwrap();
    }

    /// Runs work while no other test process creates roles on this server.
    pub fn with_role_lock<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut conn = self.admin("postgres");
        conn.batch_execute("SELECT pg_advisory_lock(7261620)").unwrap();
        let outcome = work();
        drop(conn);
        outcome
    }
}

/// Parses these settings; later ones override earlier ones.
pub fn settings(mut pairs: Vec<(String, String)>, more: &[(&str, &str)]) -> Settings {
    pairs.extend(
        more.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    Settings::parse(&Source::of(pairs).unwrap()).unwrap()
}

/// The settings of an environment file of `deploy`.
pub fn settings_in(file: &str) -> Vec<(String, String)> {
    let lines = file.lines().filter_map(|line| line.strip_prefix("PORTCULLIS_"));
    let pairs = lines.map(|line| line.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The database of one test; dropping this value drops the database.
pub struct Database {
    /// Its name.
    pub name: String,
    /// Its server.
    pub server: Server,
}

impl Database {
    /// Creates a migrated database without data.
    pub fn fresh() -> Self {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        let server = Server::shared();
        let template = TEMPLATE.get_or_init(|| template(&server));
        let name = next_name();
        let mut conn = server.admin("postgres");
        let grantees = groups::all().chain(["portcullis_vault_client"]);
        let grantees = grantees.collect::<Vec<_>>().join(", ");
        for statement in [
            format!("CREATE DATABASE {name} TEMPLATE {template} OWNER portcullis_owner"),
            format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC"),
            format!("GRANT CONNECT ON DATABASE {name} TO {grantees}"),
        ] {
            conn.batch_execute(&statement).unwrap();
        }
        Self { name, server }
    }

    /// A name without a database.
    pub fn not_created() -> Self {
        Self {
            name: next_name(),
            server: Server::shared(),
        }
    }

    /// Creates a database and imports a file of this content.
    pub fn with_data(content: &str) -> Self {
        let (database, file) = (Self::fresh(), TempFile::new("sql", content));
        import(&database.settings(&[]).database, file.path(), &mut |_| {}).unwrap();
        database
    }

    /// Imports a file of this content through the library.
    pub fn import(&self, content: &str) -> Result<Imported, ImportError> {
        self.import_file(TempFile::new("sql", content).path())
    }

    /// Imports a file through the library; services over the database answer with its data afterwards.
    pub fn import_file(&self, path: &Path) -> Result<Imported, ImportError> {
        let imported = import(&self.settings(&[]).database, path, &mut |_| {});
        await_announcement();
        imported
    }

    /// Connects as the superuser.
    pub fn admin(&self) -> PgConnection {
        self.server.admin(&self.name)
    }

    /// Connects as one of the service's logins, named without the prefix `portcullis_`.
    pub fn login(&self, login: &str) -> PgConnection {
        let password = PASSWORDS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(login))
            .unwrap()
            .1;
        let conn = self
            .server
            .connect(&self.name, &format!("portcullis_{login}"), password);
        conn.unwrap()
    }

    /// Runs statements as the superuser.
    pub fn execute(&self, statements: &str) {
        self.try_execute(statements).unwrap();
    }

    /// The same, for statements that may fail.
    pub fn try_execute(&self, statements: &str) -> QueryResult<()> {
        self.admin().batch_execute(statements)
    }

    /// Runs a statement as the superuser; returns its column `line`, which must be text.
    pub fn lines(&self, statement: &str) -> Vec<String> {
        lines(&mut self.admin(), statement).unwrap()
    }

    /// The settings of a service over this database, see [`Server::pairs`].
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.server.pairs(&self.name)
    }

    /// The folder to which its services write mails.
    pub fn mail_folder(&self) -> String {
        mail_folder(&self.name)
    }

    /// The parsed settings of a service over this database, with these changes.
    pub fn settings(&self, more: &[(&str, &str)]) -> Settings {
        settings(self.pairs(), more)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.mail_folder());
        if let Ok(mut conn) = self
            .server
            .connect("postgres", &self.server.user, &self.server.password)
        {
            let _ = conn.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// Runs a statement; returns its column `line`, which must be text.
pub fn lines(conn: &mut PgConnection, statement: &str) -> QueryResult<Vec<String>> {
    let rows = diesel::sql_query(statement).load::<Line>(conn)?;
    Ok(rows.into_iter().map(|row| row.line).collect())
}

fn mail_folder(database: &str) -> String {
    let folder = std::env::temp_dir().join(format!("portcullis-mail-{database}"));
    folder.to_str().unwrap().to_owned()
}

fn next_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!(
        "t_{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

/// Creates the template of this process, and drops databases that terminated processes have left behind.
fn template(server: &Server) -> String {
    let mut conn = server.admin("postgres");
    let existing = lines(
        &mut conn,
        r"SELECT datname::text AS line FROM pg_database WHERE datname ~ '^t_\d+_'",
    )
    .unwrap();
    for name in existing {
        let owner = name.split('_').nth(1).unwrap_or_default();
        if !Path::new("/proc").join(owner).exists() {
            let _ = conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
    let name = format!("t_{}_template", std::process::id());
    server.create_database(&name);
    name
}
