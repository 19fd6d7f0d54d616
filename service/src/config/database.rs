//! How to reach PostgreSQL: the server, and one login a purpose.
use super::deployment_profile::DeploymentProfile;
use super::secret::SecretSource;
use super::source::{ConfigError, Source};
use std::time::Duration;

/// The server and the logins.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The database's name.
    pub name: String,
    /// How the connection is protected.
    pub ssl_mode: SslMode,
    /// PEM file of the certificate authority, or `system`.
    pub ca_file: String,
    /// Connections of the read path.
    pub pool_size: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// How long a statement of the read path may run.
    pub statement_timeout: Duration,
    /// The public read path.
    pub rates: Login,
    /// Stores batches.
    pub ingest: Login,
    /// Connections for accounts and sessions.
    pub accounts_pool_size: u32,
    /// Accounts, sessions, audit events.
    pub accounts: Login,
    /// Connections for wishes.
    pub wishes_pool_size: u32,
    /// Wishes.
    pub wishes: Login,
    /// Takes mails out of the outbox.
    pub mail: Login,
    /// The demo operations.
    pub demo: Login,
    /// Changes the schema.
    pub migrator: Login,
    /// Creates roles and the database.
    pub admin: Login,
}

/// A user name and where its password is to be found; `None` where this process was given none.
#[derive(Clone, Debug)]
pub struct Login {
    /// The role's name.
    pub user: String,
    /// The name of the setting that should hold the password, without prefix: for messages.
    pub password_key: &'static str,
    /// Where the password is.
    pub password: Option<SecretSource>,
}

/// libpq's sslmode, without the two that fall back to plain text silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Certificate and host name are checked.
    VerifyFull,
    /// The certificate is checked.
    VerifyCa,
    /// Encrypted, to anybody.
    Require,
    /// Plain text.
    Disable,
}

impl SslMode {
    /// libpq's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyFull => "verify-full",
            Self::VerifyCa => "verify-ca",
            Self::Require => "require",
            Self::Disable => "disable",
        }
    }
}

impl DatabaseSettings {
    /// Reads the settings; production takes `verify-full` only.
    pub fn parse(source: &Source, profile: DeploymentProfile) -> Result<Self, ConfigError> {
        let ssl_mode = match source.text("DATABASE_SSLMODE")?.as_str() {
            "verify-full" => SslMode::VerifyFull,
            "verify-ca" => SslMode::VerifyCa,
            "require" => SslMode::Require,
            "disable" => SslMode::Disable,
            _ => {
                let reason = "must be verify-full, verify-ca, require or disable";
                return Err(ConfigError::new("DATABASE_SSLMODE", reason));
            }
        };
        if profile == DeploymentProfile::Production && ssl_mode != SslMode::VerifyFull {
            return Err(ConfigError::new(
                "DATABASE_SSLMODE",
                "must be verify-full in production",
            ));
        }
        let login = |user: &str, password_key: &'static str| {
            Ok(Login {
                user: source.non_empty(user)?,
                password_key,
                password: source.secret(password_key)?,
            })
        };
        Ok(Self {
            host: source.non_empty("DATABASE_HOST")?,
            port: source.number("DATABASE_PORT", 1..=u16::MAX)?,
            name: source.non_empty("DATABASE_NAME")?,
            ssl_mode,
            ca_file: source.non_empty("DATABASE_CA_FILE")?,
            pool_size: source.number("DATABASE_POOL_SIZE", 1..=100)?,
            acquire_timeout: Duration::from_millis(source.number("DATABASE_ACQUIRE_TIMEOUT", 1..=60_000)?),
            statement_timeout: Duration::from_millis(
                source.number("DATABASE_STATEMENT_TIMEOUT", 1..=600_000)?,
            ),
            rates: login("DATABASE_RATES_USER", "DATABASE_RATES_PASSWORD")?,
            ingest: login("DATABASE_INGEST_USER", "DATABASE_INGEST_PASSWORD")?,
            accounts_pool_size: source.number("DATABASE_ACCOUNTS_POOL_SIZE", 1..=100)?,
            accounts: login("DATABASE_ACCOUNTS_USER", "DATABASE_ACCOUNTS_PASSWORD")?,
            wishes_pool_size: source.number("DATABASE_WISHES_POOL_SIZE", 1..=100)?,
            wishes: login("DATABASE_WISHES_USER", "DATABASE_WISHES_PASSWORD")?,
            mail: login("DATABASE_MAIL_USER", "DATABASE_MAIL_PASSWORD")?,
            demo: login("DATABASE_DEMO_USER", "DATABASE_DEMO_PASSWORD")?,
            migrator: login("DATABASE_MIGRATOR_USER", "DATABASE_MIGRATOR_PASSWORD")?,
            admin: login("DATABASE_ADMIN_USER", "DATABASE_ADMIN_PASSWORD")?,
        })
    }
}
