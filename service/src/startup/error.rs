//! Errors of starting the service.

use crate::config::setting_names::PREFIX;
use crate::secrets::credentials::CredentialsError;
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
    /// Threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(std::io::Error),
}

impl StartError {
    /// Whether the setting names an address that this machine does not have.
    pub fn is_foreign_address(&self) -> bool {
        matches!(self, Self::Listen(_, _, error) if error.kind() == std::io::ErrorKind::AddrNotAvailable)
    }
}
