//! What the process is for: the one switch that permits what production refuses.
use super::source::{ConfigError, Source};

/// What the process is for. Development opens nothing by itself: it only permits settings that production refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentProfile {
    /// The default: an unencrypted database connection is refused.
    Production,
    /// A developer's machine.
    Development,
}

impl DeploymentProfile {
    /// Reads the setting.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        match source.text("PROFILE")?.as_str() {
            "production" => Ok(Self::Production),
            "development" => Ok(Self::Development),
            _ => Err(ConfigError::new("PROFILE", "must be production or development")),
        }
    }
}
