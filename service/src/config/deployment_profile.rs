//! The deployment profile: whether settings that are unsafe in production are permitted.

use super::source::{ConfigError, Source};

/// Where the service runs. `Development` changes no default: it only permits settings that `Production` rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentProfile {
    /// The default.
    Production,
    /// A developer's machine.
    Development,
}

impl DeploymentProfile {
    /// Parses `PROFILE`.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        match source.text("PROFILE")?.as_str() {
            "production" => Ok(Self::Production),
            "development" => Ok(Self::Development),
            _ => Err(ConfigError::new("PROFILE", "must be production or development")),
        }
    }
}
