//! The listeners: addresses, names, connection limits, waits.
use super::source::{ConfigError, Source};
use std::net::SocketAddr;
use std::time::Duration;

/// Settings of the two listeners.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Where the public listener binds.
    pub listen: SocketAddr,
    /// Where the internal listener binds.
    pub internal_listen: SocketAddr,
    /// Names that a Host may carry, in small letters, without port.
    pub hosts: Vec<String>,
    /// Origins that may read answers across origins.
    pub cors_origins: Vec<String>,
    /// Open connections on the public listener.
    pub max_connections: usize,
    /// How long a client may take for a head, a body, or without moving a byte.
    pub client_timeout: Duration,
    /// How long running requests get after a stop signal.
    pub shutdown_grace: Duration,
}

impl ServerSettings {
    /// Reads the settings.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let address = "must be an address and a port, as in 127.0.0.1:3000";
        let hosts = source.list("ALLOWED_HOSTS")?;
        if hosts.is_empty() {
            return Err(ConfigError::new("ALLOWED_HOSTS", "must name at least one host"));
        }
        let cors_origins = source.list("CORS_ORIGINS")?;
        if cors_origins.iter().any(|origin| !is_origin(origin)) {
            return Err(ConfigError::new(
                "CORS_ORIGINS",
                "must be origins, as in https://app.example",
            ));
        }
        Ok(Self {
            listen: source.parsed("LISTEN", address)?,
            internal_listen: source.parsed("INTERNAL_LISTEN", address)?,
            hosts: hosts.iter().map(|host| host.to_lowercase()).collect(),
            cors_origins,
            max_connections: source.number("MAX_CONNECTIONS", 1..=100_000)?,
            client_timeout: Duration::from_secs(source.number("CLIENT_TIMEOUT", 1..=60)?),
            shutdown_grace: Duration::from_secs(source.number("SHUTDOWN_GRACE", 0..=600)?),
        })
    }
}

/// Scheme and authority, nothing after it: what a browser sends. No `*` and no `null`, which would open every door.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else {
        return false;
    };
    let plain = uri
        .authority()
        .is_some_and(|authority| !authority.as_str().contains(['@', '*']));
    plain && matches!(uri.scheme_str(), Some("http" | "https")) && !text.ends_with('/') && uri.path() == "/"
}
