//! What the environment and the settings file say, parsed once at the start. Never talks to the network.

/// How to reach the database: one login a purpose.
pub mod database;

/// Every key with its default and its meaning: the one table.
pub mod setting_names;

/// The limits on what one caller may ask.
pub mod limits;

/// How mail leaves.
pub mod mail;

/// Accounts, sessions, tokens.
pub mod auth;

/// Production or development.
pub mod deployment_profile;

/// Where a secret is to be found.
pub mod secret;

/// The listeners and how long they wait.
pub mod server;

/// Reads the environment and the file; refuses unknown keys.
pub mod source;

/// Logs, traces, metrics.
pub mod telemetry;

use deployment_profile::DeploymentProfile;
use source::{ConfigError, Source};

/// All settings of a running service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the process is for.
    pub profile: DeploymentProfile,
    /// The listeners.
    pub server: server::ServerSettings,
    /// The database.
    pub database: database::DatabaseSettings,
    /// The limits.
    pub limits: limits::LimitSettings,
    /// Accounts, sessions, tokens.
    pub auth: auth::AuthSettings,
    /// Mail.
    pub mail: mail::MailSettings,
    /// Logs, traces, metrics.
    pub telemetry: telemetry::TelemetrySettings,
}

impl Settings {
    /// Reads every setting, or says which one is wrong and why.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let profile = DeploymentProfile::parse(source)?;
        Ok(Self {
            profile,
            server: server::ServerSettings::parse(source)?,
            database: database::DatabaseSettings::parse(source, profile)?,
            limits: limits::LimitSettings::parse(source)?,
            auth: auth::AuthSettings::parse(source, profile)?,
            mail: mail::MailSettings::parse(source, profile)?,
            telemetry: telemetry::TelemetrySettings::parse(source)?,
        })
    }
}
