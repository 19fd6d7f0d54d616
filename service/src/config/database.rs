//! Settings of the PostgreSQL server, with one login per purpose.

use super::deployment_profile::DeploymentProfile;
use super::secret::SecretSource;
use super::source::{ConfigError, Source};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The server and its logins.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Name of the database.
    pub name: String,
    /// How connections are encrypted.
    pub ssl_mode: SslMode,
    /// PEM file with the certificate authority, or `system`.
    pub ca_file: String,
    /// Number of connections for reading rates.
    pub pool_size: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// Maximum duration of a statement that reads rates.
    pub statement_timeout: Duration,
    /// Reads rates.
    pub rates: Login,
    /// Stores batches of prices.
    pub ingest: Login,
    /// Number of connections for accounts and sessions.
    pub accounts_pool_size: u32,
    /// Accounts, sessions and audit events.
    pub accounts: Login,
    /// Number of connections for wishes.
    pub wishes_pool_size: u32,
    /// Wishes.
    pub wishes: Login,
    /// Reads and updates the mail outbox.
    pub mail: Login,
    /// Demo operations.
    pub demo: Login,
    /// Changes the schema.
    pub migrator: Login,
    /// Creates roles and the database.
    pub admin: Login,
}

/// A database role and its password, or the file with both.
#[derive(Clone, Debug)]
pub struct Login {
    /// Name of the role, unless the file gives it.
    pub user: String,
    /// Name of the password setting without prefix, for error messages.
    pub password_key: &'static str,
    /// Source of the password. `None`: not set.
    pub password: Option<SecretSource>,
    /// File with the credentials that were issued, if the password is not set. `None`: credentials are not issued.
    pub credentials_file: Option<SecretSource>,
}

/// libpq's `sslmode`, without the values that silently fall back to plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Encrypted; certificate and host name are verified.
    VerifyFull,
    /// Encrypted; the certificate is verified.
    VerifyCa,
    /// Encrypted; the server is not authenticated.
    Require,
    /// Plain text.
    Disable,
}

impl SslMode {
    /// The value for libpq.
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
    /// The file with the authorities that certificates are verified with; `None`: the system's, or none.
    pub fn authorities(&self) -> Option<&Path> {
        let verifies = matches!(self.ssl_mode, SslMode::VerifyFull | SslMode::VerifyCa);
        (verifies && self.ca_file != "system").then(|| Path::new(&self.ca_file))
    }

    /// Parses the settings. Production requires `verify-full`.
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
                credentials_file: None,
            })
        };
        let folder = PathBuf::from(source.text("DATABASE_CREDENTIALS_FOLDER")?);
        let has_folder = !folder.as_os_str().is_empty();
        if has_folder && !folder.is_absolute() {
            let reason = "must be an absolute path";
            return Err(ConfigError::new("DATABASE_CREDENTIALS_FOLDER", reason));
        }
        let issued = |login: Login, file: &str| Login {
            credentials_file: (has_folder && login.password.is_none())
                .then(|| SecretSource::File(folder.join(file))),
            ..login
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
            rates: issued(
                login("DATABASE_RATES_USER", "DATABASE_RATES_PASSWORD")?,
                "rates.json",
            ),
            ingest: issued(
                login("DATABASE_INGEST_USER", "DATABASE_INGEST_PASSWORD")?,
                "ingest.json",
            ),
            accounts_pool_size: source.number("DATABASE_ACCOUNTS_POOL_SIZE", 1..=100)?,
            accounts: issued(
                login("DATABASE_ACCOUNTS_USER", "DATABASE_ACCOUNTS_PASSWORD")?,
                "accounts.json",
            ),
            wishes_pool_size: source.number("DATABASE_WISHES_POOL_SIZE", 1..=100)?,
            wishes: issued(
                login("DATABASE_WISHES_USER", "DATABASE_WISHES_PASSWORD")?,
                "wishes.json",
            ),
            mail: issued(
                login("DATABASE_MAIL_USER", "DATABASE_MAIL_PASSWORD")?,
                "mail.json",
            ),
            demo: issued(
                login("DATABASE_DEMO_USER", "DATABASE_DEMO_PASSWORD")?,
                "demo.json",
            ),
            migrator: login("DATABASE_MIGRATOR_USER", "DATABASE_MIGRATOR_PASSWORD")?,
            admin: login("DATABASE_ADMIN_USER", "DATABASE_ADMIN_PASSWORD")?,
        })
    }
}
