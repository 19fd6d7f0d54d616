//! Errors of starting the service.

use crate::config::setting_names::PREFIX;
use crate::secrets::credentials::CredentialsError;
use crate::secrets::document::DocumentError;
use crate::secrets::logins::IssueError;
use crate::secrets::vault::VaultError;
use std::net::SocketAddr;

/// Why the service failed to start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address of a setting cannot be bound.
    #[error("{PREFIX}{0}: cannot listen on {1}: {2}")]
    Listen(&'static str, SocketAddr, std::io::Error),
    /// A setting is invalid that only a running service uses.
    #[error("{PREFIX}{0}: {1}")]
    Setting(&'static str, String),
    /// Issued credentials cannot be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// Vault cannot be used, or refuses the service.
    #[error("Vault: {0}")]
    Vault(#[from] VaultError),
    /// No credentials of a database login can be issued.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// A document of keys cannot be read at present.
    #[error(transparent)]
    Document(DocumentError),
    /// Threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(std::io::Error),
}

impl StartError {
    /// Whether only other settings, of this service or of Vault, help.
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Setting(..) | Self::Credentials(_) => true,
            Self::Vault(error) => !error.is_retryable(),
            Self::Issue(error) => !error.is_retryable(),
            // The machine has no such address. A port in use may be free later.
            Self::Listen(..) => self.is_foreign_address(),
            Self::Document(_) | Self::Threads(_) => false,
        }
    }

    /// Whether the setting names an address that this machine does not have.
    fn is_foreign_address(&self) -> bool {
        matches!(self, Self::Listen(_, _, error) if error.kind() == std::io::ErrorKind::AddrNotAvailable)
    }
}
