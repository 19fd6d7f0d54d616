//! Settings of requests for access to the database.

use super::source::{ConfigError, Source};

/// Where the logins of people come from.
#[derive(Clone, Debug)]
pub struct AccessSettings {}

impl AccessSettings {
    /// Parses the settings. `None`: the operations are disabled.
    pub fn parse(source: &Source) -> Result<Option<Self>, ConfigError> {
        match source.text("ACCESS_REQUESTS")?.as_str() {
            "off" => Ok(None),
            "vault" if cfg!(feature = "access") => Ok(Some(Self {})),
            "vault" => Err(ConfigError::new(
                "ACCESS_REQUESTS",
                "must be off: this program was built without the feature `access`",
            )),
            _ => Err(ConfigError::new("ACCESS_REQUESTS", "must be off or vault")),
        }
    }
}
