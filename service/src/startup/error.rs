//! Why the service did not come up.
use crate::config::setting_names::PREFIX;
use std::net::SocketAddr;

/// Why the service did not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be bound.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// A setting that only a running service looks at.
    #[error("{PREFIX}{0}: {1}")]
    Setting(&'static str, String),
    /// The threads that talk to the database cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(std::io::Error),
}
