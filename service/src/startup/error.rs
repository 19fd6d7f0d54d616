//! Why the service did not come up.
use std::net::SocketAddr;

/// Why the service did not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be bound.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The threads that talk to the database cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(std::io::Error),
}
