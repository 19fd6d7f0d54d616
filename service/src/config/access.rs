//! Settings of requests for access to the database.

use super::secret::SecretSource;
use super::secret_id::SecretIdSource;
use super::source::{ConfigError, Source};
use super::vault::{VaultAuth, VaultSettings, app_role};

/// Settings that are used only if the operations are enabled.
const OF_VAULT: [&str; 6] = [
    "ACCESS_VAULT_ROLE_ID",
    "ACCESS_VAULT_ROLE",
    "ACCESS_VAULT_SECRET_ID",
    "ACCESS_VAULT_WRAPPED_SECRET_ID",
    "ACCESS_VAULT_AUTH_MOUNT",
    "ACCESS_VAULT_TOKEN_ROLE",
];

/// Where the logins of people come from.
#[derive(Clone, Debug)]
pub struct AccessSettings {
    /// Vault, with the login of the broker instead of the service's.
    pub vault: VaultSettings,
    /// The role of the tokens that own the leases of logins.
    pub token_role: String,
}

impl AccessSettings {
    /// Parses the settings. `None`: the operations are disabled.
    pub fn parse(source: &Source, vault: Option<&VaultSettings>) -> Result<Option<Self>, ConfigError> {
        let plain = source.secret("ACCESS_VAULT_SECRET_ID")?;
        let wrapped = source.secret("ACCESS_VAULT_WRAPPED_SECRET_ID")?;
        let role_id = source.text("ACCESS_VAULT_ROLE_ID")?;
        let role = app_role("ACCESS_VAULT_ROLE", source.text("ACCESS_VAULT_ROLE")?, &role_id)?;
        let auth_mount = name(source, "ACCESS_VAULT_AUTH_MOUNT")?;
        let token_role = name(source, "ACCESS_VAULT_TOKEN_ROLE")?;
        match source.text("ACCESS_REQUESTS")?.as_str() {
            "off" => {
                return match OF_VAULT.iter().find(|setting| source.is_given(setting)) {
                    Some(unused) => Err(ConfigError::new(unused, "requires ACCESS_REQUESTS=vault")),
                    None => Ok(None),
                };
            }
            "vault" if cfg!(feature = "access") => {}
            "vault" => {
                let reason = "must be off: this program was built without the feature `access`";
                return Err(ConfigError::new("ACCESS_REQUESTS", reason));
            }
            _ => return Err(ConfigError::new("ACCESS_REQUESTS", "must be off or vault")),
        }
        let Some(vault) = vault else {
            return Err(ConfigError::new("ACCESS_REQUESTS", "requires VAULT_ADDRESS"));
        };
        if role_id.is_empty() || role_id.contains(char::is_control) {
            return Err(ConfigError::new(
                "ACCESS_VAULT_ROLE_ID",
                "must not be empty, nor contain control characters",
            ));
        }
        let secret_id = match (plain, wrapped) {
            (Some(_), Some(_)) => {
                let reason = "cannot be combined with ACCESS_VAULT_SECRET_ID";
                return Err(ConfigError::new("ACCESS_VAULT_WRAPPED_SECRET_ID", reason));
            }
            (Some(secret_id), None) => SecretIdSource::Plain {
                setting: "ACCESS_VAULT_SECRET_ID",
                secret_id,
            },
            (None, Some(token)) => SecretIdSource::Wrapped {
                setting: "ACCESS_VAULT_WRAPPED_SECRET_ID",
                token,
                role_setting: "ACCESS_VAULT_ROLE",
                role,
            },
            (None, None) => return Err(ConfigError::new("ACCESS_VAULT_SECRET_ID", "is not set")),
        };
        Ok(Some(Self {
            vault: VaultSettings {
                auth: VaultAuth::AppRole { role_id, secret_id },
                auth_mount,
                ..vault.clone()
            },
            token_role,
        }))
    }

    /// The secret of the broker's login, with the name of its setting.
    pub fn secret(&self) -> (&'static str, Option<&SecretSource>) {
        self.vault.secret()
    }
}

/// A name that becomes part of a URL.
fn name(source: &Source, setting: &str) -> Result<String, ConfigError> {
    let name = source.non_empty(setting)?;
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.bytes().all(is_safe) {
        Ok(name)
    } else {
        Err(ConfigError::new(
            setting,
            "must consist of letters, digits, - and _",
        ))
    }
}
