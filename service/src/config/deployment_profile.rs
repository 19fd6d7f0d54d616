//! The deployment profile: whether settings that are unsafe in production are permitted, and two defaults.

use super::source::{ConfigError, Source};

/// Where the service runs. `Development` permits settings that `Production` rejects, and has defaults for PUBLIC_URL,
/// REGISTRATION and SECOND_FACTOR that suit a single machine only.
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
