//! Credentials of database logins: from the settings, or issued by another program, which writes them to a file.

use super::{SecretError, read};
use crate::config::database::{CredentialsSource, Login};
use crate::config::secret::SecretSource;
use crate::config::setting_names::PREFIX;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// A user name and a password.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Name of the role.
    pub user: String,
    /// Its password.
    pub password: SecretString,
}

/// Credentials that cannot be read. Names the setting, never the content.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The password is not set, and the credentials have no other source.
    #[error("{PREFIX}{0}: is not set; set it, {PREFIX}{0}_FILE or {PREFIX}DATABASE_CREDENTIALS")]
    NotSet(&'static str),
    /// The credentials are issued while the program runs, and were not yet.
    #[error("{PREFIX}DATABASE_CREDENTIALS: no credentials are issued yet for the login {0}")]
    NotIssued(&'static str),
    /// The password cannot be read.
    #[error("{PREFIX}{0}_FILE: {1}")]
    Password(&'static str, SecretError),
    /// The file with the credentials cannot be read.
    #[error("{PREFIX}DATABASE_CREDENTIALS_FOLDER: {0}")]
    File(SecretError),
    /// The file with the credentials is malformed.
    #[error("{PREFIX}DATABASE_CREDENTIALS_FOLDER: {0}")]
    Malformed(&'static str),
}

/// Issued credentials, as Vault's database engine answers them. Other members are ignored.
#[derive(Deserialize)]
pub(super) struct IssuedCredentials {
    username: String,
    password: SecretString,
}

impl Login {
    /// Reads the credentials. Never cached, so that rotated ones take effect.
    pub fn credentials(&self) -> Result<Credentials, CredentialsError> {
        match &self.source {
            CredentialsSource::Password(Some(source)) => Ok(Credentials {
                user: self.user.clone(),
                password: read(source)
                    .map_err(|error| CredentialsError::Password(self.password_key, error))?,
            }),
            CredentialsSource::Password(None) => Err(CredentialsError::NotSet(self.password_key)),
            CredentialsSource::File(file) => issued(file).map(|(_, credentials)| credentials),
            CredentialsSource::Issued => Err(CredentialsError::NotIssued(self.name)),
        }
    }

    /// The same role for a fixed user name and password.
    #[must_use]
    pub fn with(&self, credentials: Credentials) -> Self {
        Self {
            user: credentials.user,
            source: CredentialsSource::Password(Some(SecretSource::Value(credentials.password))),
            ..*self
        }
    }
}

/// Reads issued credentials; also returns the text of the file.
pub fn issued(file: &SecretSource) -> Result<(SecretString, Credentials), CredentialsError> {
    let text = read(file).map_err(CredentialsError::File)?;
    let credentials = Credentials::parse(text.expose_secret()).map_err(CredentialsError::Malformed)?;
    Ok((text, credentials))
}

impl Credentials {
    /// Whether others have the same user and password.
    pub fn is_same(&self, other: &Self) -> bool {
        self.user == other.user && self.password.expose_secret() == other.password.expose_secret()
    }

    /// Parses the text of a file of issued credentials. The error does not quote it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let reason =
            "each file must contain a JSON object with `username` and `password`, neither of them empty";
        let issued: IssuedCredentials = serde_json::from_str(text).map_err(|_| reason)?;
        issued.into_credentials().ok_or(reason)
    }
}

impl IssuedCredentials {
    /// The credentials, if neither part is empty.
    pub(super) fn into_credentials(self) -> Option<Credentials> {
        let is_empty = self.username.is_empty() || self.password.expose_secret().is_empty();
        (!is_empty).then_some(Credentials {
            user: self.username,
            password: self.password,
        })
    }
}
