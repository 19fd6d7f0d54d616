//! Settings, parsed once at start from the environment and the settings file. No network access.

/// Anchors of the audit log.
pub mod audit;

/// Database server, and one login per purpose.
pub mod database;

/// The table of all settings.
pub mod setting_names;

/// Request limits.
pub mod limits;

/// Mail transport.
pub mod mail;

/// Registration, sessions, tokens and password hashing.
pub mod auth;

/// Production or development.
pub mod deployment_profile;

/// Reverse proxies in front of the public listener.
pub mod proxies;

/// Where to read a secret from.
pub mod secret;

/// Listeners and connection limits.
pub mod server;

/// Reads the environment and the settings file.
pub mod source;

/// Logs, traces and metrics.
pub mod telemetry;

use deployment_profile::DeploymentProfile;
use source::{ConfigError, Source};

/// All settings.
#[derive(Clone, Debug)]
pub struct Settings {
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
    /// Anchors of the audit log.
    pub audit: audit::AuditSettings,
    /// Mail transport.
    pub mail: mail::MailSettings,
    /// Logs, traces and metrics.
    pub telemetry: telemetry::TelemetrySettings,
}

impl Settings {
    /// Parses every setting. The error names the first invalid one.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let profile = DeploymentProfile::parse(source)?;
        Ok(Self {
            profile,
            server: server::ServerSettings::parse(source)?,
            database: database::DatabaseSettings::parse(source, profile)?,
            limits: limits::LimitSettings::parse(source)?,
            auth: auth::AuthSettings::parse(source, profile)?,
            audit: audit::AuditSettings::parse(source)?,
            mail: mail::MailSettings::parse(source, profile)?,
            telemetry: telemetry::TelemetrySettings::parse(source)?,
        })
    }
}
