//! Where the credentials of the service's own database logins come from. A second source for the same login is an error, so
//! that a forgotten password is not used for years.

use super::entra::EntraSettings;
use super::login::{Authentication, CredentialsSource, Login};
use super::secret::SecretSource;
use super::setting_names::PREFIX;
use super::source::{ConfigError, Source};
use std::path::PathBuf;

/// The setting that names the source.
const SOURCE: &str = "DATABASE_CREDENTIALS";

/// The setting of the folder with files.
const FOLDER: &str = "DATABASE_CREDENTIALS_FOLDER";

/// Source of the credentials of all logins but the migrator's and the administrator's.
#[derive(Clone, Debug)]
pub enum LoginSource {
    /// The user and password settings.
    Settings,
    /// The files of a folder, which another program writes.
    Files(PathBuf),
    /// Vault's database engine.
    Vault(VaultCredentials),
    /// Access tokens of Microsoft Entra as passwords. Also of the migrator, and of an administrator without a password.
    EntraToken(EntraSettings),
}

/// The kind of credentials that Vault's database engine issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultCredentials {
    /// A new role for each lease.
    Dynamic,
    /// A role whose password Vault replaces.
    Static,
}

impl LoginSource {
    /// Parses the source and what belongs to it.
    pub(super) fn parse(source: &Source) -> Result<Self, ConfigError> {
        let (name, folder) = (source.text(SOURCE)?, source.text(FOLDER)?);
        if !folder.is_empty() && name != "files" {
            return Err(ConfigError::new(
                FOLDER,
                format!("requires {PREFIX}{SOURCE}=files"),
            ));
        }
        let entra = EntraSettings::parse(source, name == "entra")?;
        let vault = |kind| match source.text("VAULT_ADDRESS") {
            Ok(address) if !address.is_empty() => Ok(Self::Vault(kind)),
            _ => Err(ConfigError::new(
                SOURCE,
                format!("requires {PREFIX}VAULT_ADDRESS"),
            )),
        };
        match (name.as_str(), entra) {
            ("settings", _) => Ok(Self::Settings),
            ("files", _) if folder.is_empty() => Err(ConfigError::new(
                FOLDER,
                format!("is not set; {PREFIX}{SOURCE} is files"),
            )),
            ("files", _) if folder.starts_with('/') => Ok(Self::Files(folder.into())),
            ("files", _) => Err(ConfigError::new(FOLDER, "must be an absolute path")),
            ("vault", _) => vault(VaultCredentials::Dynamic),
            ("vault-static", _) => vault(VaultCredentials::Static),
            ("entra", Some(entra)) => Ok(Self::EntraToken(entra)),
            _ => Err(ConfigError::new(
                SOURCE,
                "must be settings, files, vault, vault-static or entra",
            )),
        }
    }

    /// The login with the source that it is subject to.
    ///
    /// # Errors
    ///
    /// A password is set for a login with another source.
    pub(super) fn apply(&self, login: Login) -> Result<Login, ConfigError> {
        let from = |source, authentication| {
            Ok(Login {
                source,
                authentication,
                ..login.clone()
            })
        };
        match (self, login.name, &login.source) {
            (Self::Settings, ..)
            | (Self::Files(_) | Self::Vault(_), "migrator" | "admin", _)
            | (Self::EntraToken(_), "admin", CredentialsSource::Password(Some(_))) => Ok(login),
            (_, _, CredentialsSource::Password(Some(password))) => {
                let file = if matches!(password, SecretSource::File(_)) {
                    "_FILE"
                } else {
                    ""
                };
                Err(ConfigError::new(
                    &format!("{}{file}", login.password_key),
                    format!("cannot be combined with {PREFIX}{SOURCE}, which names another source"),
                ))
            }
            (Self::Files(folder), name, _) => {
                let file = SecretSource::File(folder.join(format!("{name}.json")));
                from(CredentialsSource::File(file), Authentication::Scram)
            }
            (Self::Vault(_), ..) => from(CredentialsSource::Issued, Authentication::Scram),
            (Self::EntraToken(_), ..) => from(CredentialsSource::Issued, Authentication::AccessToken),
        }
    }
}
