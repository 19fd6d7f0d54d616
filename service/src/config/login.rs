//! A database login, and the source of its credentials.

use super::secret::SecretSource;

/// A database login.
#[derive(Clone, Debug)]
pub struct Login {
    /// Name of its purpose. The file with its credentials and its role in Vault are named after it.
    pub name: &'static str,
    /// Name of the role, unless it is issued with the password.
    pub user: String,
    /// Name of the password setting without prefix, for error messages.
    pub password_key: &'static str,
    /// Source of the credentials.
    pub source: CredentialsSource,
    /// How it authenticates.
    pub authentication: Authentication,
}

/// Source of the credentials of one login.
#[derive(Clone, Debug)]
pub enum CredentialsSource {
    /// The password setting. `None`: it is not set.
    Password(Option<SecretSource>),
    /// A file with user and password, which another program writes.
    File(SecretSource),
    /// The credentials are issued while the program runs.
    Issued,
}

/// How a login authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// By SCRAM: the server never receives the password.
    Scram,
    /// By an access token, which the server receives as it is, to verify its signature.
    AccessToken,
}
