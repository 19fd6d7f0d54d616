//! Settings of the PostgreSQL server, with one login per purpose.

use super::deployment_profile::DeploymentProfile;
pub use super::login::{Authentication, CredentialsSource, Login};
pub use super::login_source::{LoginSource, VaultCredentials};
use super::secret::SecretSource;
use super::source::{ConfigError, Source};
use std::net::IpAddr;
use std::path::Path;
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
    /// Whether lookups of rates that wait at the same time share a statement.
    pub batching: bool,
    /// Number of connections for streamed responses.
    pub stream_pool_size: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// Maximum duration of a statement that reads rates.
    pub statement_timeout: Duration,
    /// Where the credentials of the service's own logins come from: of all but the migrator and the administrator.
    pub login_source: LoginSource,
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
    /// Vault's own login.
    pub vault: VaultLogin,
}

/// The login with which Vault issues logins. Only `migrate prepare` uses its password: Vault changes it.
#[derive(Clone, Debug)]
pub struct VaultLogin {
    /// Name of the role.
    pub user: String,
    /// Its first password. `None`: Vault issues no logins.
    pub password: Option<SecretSource>,
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
        let host = source.non_empty("DATABASE_HOST")?;
        let login_source = LoginSource::parse(source)?;
        let login = |name, user, password_key| {
            let login = Login {
                name,
                user: source.non_empty(user)?,
                password_key,
                source: CredentialsSource::Password(source.secret(password_key)?),
                authentication: Authentication::Scram,
            };
            login_source.apply(login)
        };
        if matches!(login_source, LoginSource::EntraToken(_))
            && ssl_mode != SslMode::VerifyFull
            && !is_local(&host)
        {
            let reason =
                "must be verify-full where logins use access tokens, which the server receives as they are";
            return Err(ConfigError::new("DATABASE_SSLMODE", reason));
        }
        Ok(Self {
            host,
            port: source.number("DATABASE_PORT", 1..=u16::MAX)?,
            name: source.non_empty("DATABASE_NAME")?,
            ssl_mode,
            ca_file: source.non_empty("DATABASE_CA_FILE")?,
            pool_size: source.number("DATABASE_POOL_SIZE", 1..=100)?,
            batching: source.switch("DATABASE_BATCHING")?,
            stream_pool_size: source.number("DATABASE_STREAM_POOL_SIZE", 2..=100)?,
            acquire_timeout: Duration::from_millis(source.number("DATABASE_ACQUIRE_TIMEOUT", 1..=60_000)?),
            statement_timeout: Duration::from_millis(
                source.number("DATABASE_STATEMENT_TIMEOUT", 1..=600_000)?,
            ),
            rates: login("rates", "DATABASE_RATES_USER", "DATABASE_RATES_PASSWORD")?,
            ingest: login("ingest", "DATABASE_INGEST_USER", "DATABASE_INGEST_PASSWORD")?,
            accounts_pool_size: source.number("DATABASE_ACCOUNTS_POOL_SIZE", 1..=100)?,
            accounts: login("accounts", "DATABASE_ACCOUNTS_USER", "DATABASE_ACCOUNTS_PASSWORD")?,
            wishes_pool_size: source.number("DATABASE_WISHES_POOL_SIZE", 1..=100)?,
            wishes: login("wishes", "DATABASE_WISHES_USER", "DATABASE_WISHES_PASSWORD")?,
            mail: login("mail", "DATABASE_MAIL_USER", "DATABASE_MAIL_PASSWORD")?,
            demo: login("demo", "DATABASE_DEMO_USER", "DATABASE_DEMO_PASSWORD")?,
            migrator: login("migrator", "DATABASE_MIGRATOR_USER", "DATABASE_MIGRATOR_PASSWORD")?,
            admin: login("admin", "DATABASE_ADMIN_USER", "DATABASE_ADMIN_PASSWORD")?,
            login_source,
            vault: VaultLogin {
                user: source.non_empty("DATABASE_VAULT_USER")?,
                password: source.secret("DATABASE_VAULT_PASSWORD")?,
            },
        })
    }
}

/// Whether connections to this host stay on the machine: a loopback address, or the folder of a Unix socket.
fn is_local(host: &str) -> bool {
    host.starts_with('/') || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
