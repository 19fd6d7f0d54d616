//! Settings, parsed once at start from the environment and the settings file. No network access.

/// Requests for access to the database.
pub mod access;

/// Their settings.
mod access_setting_names;

/// Anchors of the audit log.
pub mod audit;

/// Database server, and one login per purpose.
pub mod database;

/// Access tokens of Microsoft Entra.
pub mod entra;

/// The settings of the database, for the table of all settings.
mod database_setting_names;

/// The settings of Microsoft Entra, for the table of all settings.
mod entra_setting_names;

/// Database logins.
mod login;

/// Source of the credentials of database logins.
mod login_source;

/// Variables that a cloud platform sets.
pub mod platform_variables;

/// One setting.
mod setting;

/// The table of all settings.
pub mod setting_names;

/// Request limits.
pub mod limits;

/// Where keys come from.
pub mod keys;

/// Mail transport.
pub mod mail;

/// The settings of mails, for the table of all settings.
mod mail_setting_names;

/// Registration, sessions, tokens and password hashing.
pub mod auth;

/// Production or development.
pub mod deployment_profile;

/// Unencrypted traffic beyond the machine.
pub mod cleartext;

/// Reverse proxies in front of the public listener.
pub mod proxies;

/// Where to read a secret from.
pub mod secret;

/// Where to read the SecretID of an AppRole from.
pub mod secret_id;

/// Who runs a command.
pub mod operator;

/// Listeners and connection limits.
pub mod server;

/// Reads the environment and the settings file.
pub mod source;

/// Logs, traces and metrics.
pub mod telemetry;

/// The Vault server.
pub mod vault;

/// The settings of Vault, for the table of all settings.
mod vault_setting_names;

use database::CredentialsSource;
use deployment_profile::DeploymentProfile;
use keys::{KeyKind, KeySource};
use mail::TransportSettings;
use secret::SecretSource;
use setting_names::PREFIX;
use source::{ConfigError, Source};
use std::path::{Path, PathBuf};

/// All settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The settings file, if it holds a secret.
    pub file_with_secrets: Option<PathBuf>,
    /// The secrets whose values are in the environment.
    pub secrets_in_environment: Vec<&'static str>,
    /// Which environment the service runs in.
    pub profile: DeploymentProfile,
    /// Listeners and connection limits.
    pub server: server::ServerSettings,
    /// Database server and logins.
    pub database: database::DatabaseSettings,
    /// Request limits.
    pub limits: limits::LimitSettings,
    /// Registration, sessions, tokens and password hashing.
    pub auth: auth::AuthSettings,
    /// Requests for access to the database. `None`: disabled.
    pub access: Option<access::AccessSettings>,
    /// Anchors of the audit log.
    pub audit: audit::AuditSettings,
    /// Mail transport.
    pub mail: mail::MailSettings,
    /// Logs, traces and metrics.
    pub telemetry: telemetry::TelemetrySettings,
    /// The Vault server, if there is one.
    pub vault: Option<vault::VaultSettings>,
}

impl Settings {
    /// Every secret that is set, with the name of its setting.
    pub fn secrets(&self) -> impl Iterator<Item = (&'static str, &SecretSource)> {
        let database = &self.database;
        let logins = [
            &database.rates,
            &database.ingest,
            &database.accounts,
            &database.wishes,
            &database.mail,
            &database.demo,
            &database.migrator,
            &database.admin,
        ];
        let passwords = logins.map(|login| match &login.source {
            CredentialsSource::Password(password) => (login.password_key, password.as_ref()),
            CredentialsSource::File(file) => ("DATABASE_CREDENTIALS_FOLDER", Some(file)),
            CredentialsSource::Issued => (login.password_key, None),
        });
        let smtp = match &self.mail.transport {
            TransportSettings::Smtp(smtp) => smtp.login.as_ref().map(|(_, password)| password),
            TransportSettings::Folder(_) => None,
        };
        let keys =
            [KeyKind::Data, KeyKind::Signing].map(|kind| (kind.settings()[0], self.auth.keys.secret(kind)));
        let vault = self.vault.as_ref().map(vault::VaultSettings::secret);
        let access = self.access.as_ref().map(access::AccessSettings::secret);
        let others = [
            ("SMTP_PASSWORD", smtp),
            ("DATABASE_VAULT_PASSWORD", database.vault.password.as_ref()),
        ];
        let others = others.into_iter().chain(vault).chain(access);
        let all = passwords.into_iter().chain(keys).chain(others);
        all.filter_map(|(name, source)| Some((name, source?)))
    }

    /// Parses every setting. The error names the first invalid one.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let profile = DeploymentProfile::parse(source)?;
        let server = server::ServerSettings::parse(source)?;
        let auth = auth::AuthSettings::parse(source, profile)?;
        if !auth.public_url.is_empty() && !server.hosts.contains(&auth.public_host()) {
            let reason =
                format!("its host must be one of {PREFIX}ALLOWED_HOSTS: mailed links would be rejected");
            return Err(ConfigError::new("PUBLIC_URL", reason));
        }
        let vault = vault::VaultSettings::parse(source)?;
        if matches!(auth.keys, KeySource::Vault { .. }) && vault.is_none() {
            let reason = format!("vault requires {PREFIX}VAULT_ADDRESS");
            return Err(ConfigError::new("KEYS", reason));
        }
        let telemetry = telemetry::TelemetrySettings::parse(source)?;
        cleartext::check(source, profile, &server, &telemetry)?;
        let vault = vault::VaultSettings::parse(source)?;
        Ok(Self {
            file_with_secrets: source.file_with_secrets().map(Path::to_owned),
            secrets_in_environment: source.secrets_in_environment().to_vec(),
            profile,
            server,
            database: database::DatabaseSettings::parse(source, profile)?,
            limits: limits::LimitSettings::parse(source)?,
            auth,
            access: access::AccessSettings::parse(source, vault.as_ref())?,
            audit: audit::AuditSettings::parse(source)?,
            mail: mail::MailSettings::parse(source, profile)?,
            telemetry,
            vault,
        })
    }
}
