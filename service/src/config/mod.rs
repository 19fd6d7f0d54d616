//! What the environment and the settings file say, parsed once at the start. Never talks to the network.

/// How to reach the database: one login a purpose.
pub mod database;

/// Every key with its default and its meaning: the one table.
pub mod keys;

/// The limits on what one caller may ask.
pub mod limits;

/// How mail leaves.
pub mod mail;

/// Accounts, sessions, tokens.
pub mod people;

/// Production or development.
pub mod profile;

/// Where a secret is to be found.
pub mod secret;

/// The listeners and how long they wait.
pub mod server;

/// Reads the environment and the file; refuses unknown keys.
pub mod source;

/// Logs, traces, metrics.
pub mod telemetry;

use profile::Profile;
use source::{ConfigError, Source};

/// All settings of a running service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the process is for.
    pub profile: Profile,
    /// The listeners.
    pub server: server::Server,
    /// The database.
    pub database: database::Database,
    /// The limits.
    pub limits: limits::Limits,
    /// Accounts, sessions, tokens.
    pub people: people::People,
    /// Mail.
    pub mail: mail::Mail,
    /// Logs, traces, metrics.
    pub telemetry: telemetry::Telemetry,
}

impl Settings {
    /// Reads every setting, or says which one is wrong and why.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let profile = Profile::parse(source)?;
        Ok(Self {
            profile,
            server: server::Server::parse(source)?,
            database: database::Database::parse(source, profile)?,
            limits: limits::Limits::parse(source)?,
            people: people::People::parse(source, profile)?,
            mail: mail::Mail::parse(source, profile)?,
            telemetry: telemetry::Telemetry::parse(source)?,
        })
    }
}
