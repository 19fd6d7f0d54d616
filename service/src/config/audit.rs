//! Settings of the audit log's anchors.

use super::source::{ConfigError, Source};
use std::path::PathBuf;
use std::time::Duration;

/// Where and how often the end of the audit chain is recorded outside of the database.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// File that anchors are appended to, besides the log. `None`: the log only.
    pub anchor_file: Option<PathBuf>,
    /// How often the end of the chain is recorded if it has changed.
    pub anchor_interval: Duration,
}

impl AuditSettings {
    /// Parses the settings.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let file = PathBuf::from(source.text("AUDIT_ANCHOR_FILE")?);
        let is_set = !file.as_os_str().is_empty();
        if is_set && !file.is_absolute() {
            return Err(ConfigError::new("AUDIT_ANCHOR_FILE", "must be an absolute path"));
        }
        Ok(Self {
            anchor_file: is_set.then_some(file),
            anchor_interval: Duration::from_secs(source.number("AUDIT_ANCHOR_INTERVAL", 1..=86_400)?),
        })
    }
}
