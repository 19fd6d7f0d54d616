//! Errors of starting the service.

use crate::config::setting_names::PREFIX;
use crate::secrets::credentials::CredentialsError;
use std::net::SocketAddr;

/// Why the service failed to start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be bound.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
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
