//! What the environment and the settings file say, parsed once at the start. Never talks to the network.

/// How to reach the database: one login a purpose.
pub mod database;

/// Every key with its default and its meaning: the one table.
pub mod keys;

/// The limits on what one caller may ask.
pub mod limits;

/// Where a secret is to be found.
pub mod secret;

/// The listeners and how long they wait.
pub mod server;

/// Reads the environment and the file; refuses unknown keys.
pub mod source;

/// Logs, traces, metrics.
pub mod telemetry;

use source::{ConfigError, Source};

/// What the process is for. Development opens nothing by itself: it only permits settings that production refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The default: an unencrypted database connection is refused.
    Production,
    /// A developer's machine.
    Development,
}

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
    /// Logs, traces, metrics.
    pub telemetry: telemetry::Telemetry,
}

impl Settings {
    /// Reads every setting, or says which one is wrong and why.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let profile = match source.text("PROFILE")?.as_str() {
            "production" => Profile::Production,
            "development" => Profile::Development,
            _ => return Err(ConfigError::new("PROFILE", "must be production or development")),
        };
        Ok(Self {
            profile,
            server: server::Server::parse(source)?,
            database: database::Database::parse(source, profile)?,
            limits: limits::Limits::parse(source)?,
            telemetry: telemetry::Telemetry::parse(source)?,
        })
    }
}
