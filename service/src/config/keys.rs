//! Where the signing keys and the data keys come from.

use super::deployment_profile::DeploymentProfile;
use super::secret::SecretSource;
use super::setting_names::PREFIX;
use super::source::{ConfigError, Source};
use std::time::Duration;

/// The two documents of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Signing keys of access tokens.
    Signing,
    /// Keys that encrypt stored data and derive tokens.
    Data,
}

/// Source of the keys.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// Values or files that two settings name. `None`: not set.
    Settings {
        /// `TOKEN_KEYS`.
        signing: Option<SecretSource>,
        /// `DATA_KEY`.
        data: Option<SecretSource>,
    },
    /// Documents of Vault's KV engine.
    Vault {
        /// How often it is queried for newer versions.
        poll_interval: Duration,
    },
    /// Generated at each start, and only in memory.
    Generated,
}

impl KeyKind {
    /// Name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signing => "signing keys",
            Self::Data => "data keys",
        }
    }

    /// Name of the document in Vault.
    pub fn document(self) -> &'static str {
        match self {
            Self::Signing => "token-keys",
            Self::Data => "data-keys",
        }
    }

    /// The settings of the value and of its file.
    pub fn settings(self) -> [&'static str; 2] {
        match self {
            Self::Signing => ["TOKEN_KEYS", "TOKEN_KEYS_FILE"],
            Self::Data => ["DATA_KEY", "DATA_KEY_FILE"],
        }
    }

    /// The setting that gave this secret.
    pub fn setting_of(self, secret: &SecretSource) -> &'static str {
        let [value, file] = self.settings();
        match secret {
            SecretSource::Value(_) => value,
            SecretSource::File(_) => file,
        }
    }
}

impl KeySource {
    /// Parses the settings.
    pub fn parse(source: &Source, profile: DeploymentProfile) -> Result<Self, ConfigError> {
        let secret = |kind: KeyKind| source.secret(kind.settings()[0]);
        let (signing, data) = (secret(KeyKind::Signing)?, secret(KeyKind::Data)?);
        let invalid = |reason: &'static str| Err(ConfigError::new("KEYS", reason));
        // With the jitter of a fifth, every replica follows within a minute.
        let poll_interval = Duration::from_secs(source.number("KEYS_POLL_INTERVAL", 1..=50)?);
        let name = source.text("KEYS")?;
        let keys = match (name.as_str(), profile) {
            ("settings", _) => return Ok(Self::Settings { signing, data }),
            ("vault", _) => Self::Vault { poll_interval },
            ("generated", DeploymentProfile::Development) => Self::Generated,
            ("generated", DeploymentProfile::Production) => {
                return invalid("must not be generated in production: the keys would end with the process");
            }
            _ => return invalid("must be settings, vault or generated"),
        };
        // Two sources: which one is used should not depend on this code.
        let given = [(KeyKind::Signing, signing), (KeyKind::Data, data)];
        let given = given
            .into_iter()
            .find_map(|(kind, secret)| Some(kind.setting_of(&secret?)));
        match given {
            Some(setting) => {
                let reason = format!("cannot be combined with {PREFIX}KEYS={name}");
                Err(ConfigError::new(setting, reason))
            }
            None => Ok(keys),
        }
    }

    /// The secret that the settings name.
    pub fn secret(&self, kind: KeyKind) -> Option<&SecretSource> {
        match self {
            Self::Settings { signing, data } => match kind {
                KeyKind::Signing => signing.as_ref(),
                KeyKind::Data => data.as_ref(),
            },
            Self::Vault { .. } | Self::Generated => None,
        }
    }
}
