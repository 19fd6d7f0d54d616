//! Settings of the public and the internal listener.

use super::proxies::ProxySettings;
use super::source::{ConfigError, Source};
use crate::types::host_name::HostName;
use std::net::SocketAddr;
use std::time::Duration;

/// Settings of the two listeners.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Whether the API documentation and details of the build are served.
    pub api_docs: bool,
    /// Whether batches of prices are uploaded.
    pub uploads: bool,
    /// Address of the public listener.
    pub listen: SocketAddr,
    /// Address of the internal listener.
    pub internal_listen: SocketAddr,
    /// Reverse proxies in front of the public listener.
    pub proxies: ProxySettings,
    /// Permitted values of the `Host` header, in lower case, without port.
    pub hosts: Vec<String>,
    /// Origins that may read responses across origins.
    pub cors_origins: Vec<String>,
    /// Maximum number of open connections on the public listener.
    pub max_connections: usize,
    /// Time limit for a request head, for a body, and for a response that makes no progress.
    pub client_timeout: Duration,
    /// How long a connection may stay open between requests.
    pub keep_alive_timeout: Duration,
    /// How long the service stays open after SIGTERM, reporting that it is not ready.
    pub shutdown_delay: Duration,
    /// How long active requests may run on after SIGTERM.
    pub shutdown_grace: Duration,
}

impl ServerSettings {
    /// Parses the settings.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let address = "must be an address and a port, for example 127.0.0.1:3000";
        let hosts = source.list("ALLOWED_HOSTS")?;
        if hosts.is_empty() {
            return Err(ConfigError::new("ALLOWED_HOSTS", "must name at least one host"));
        }
        if hosts.iter().any(|host| HostName::parse(host).is_none()) {
            let reason = "must be host names without scheme, port and wildcard, for example rates.example,10.0.0.7,[::1]";
            return Err(ConfigError::new("ALLOWED_HOSTS", reason));
        }
        let cors_origins = source.list("CORS_ORIGINS")?;
        if cors_origins.iter().any(|origin| !is_origin(origin)) {
            return Err(ConfigError::new(
                "CORS_ORIGINS",
                "must be origins as browsers send them, in lower case and without the scheme's own port, for example https://app.example",
            ));
        }
        Ok(Self {
            api_docs: source.switch("API_DOCS")?,
            uploads: source.switch("UPLOADS")?,
            listen: source.parsed("LISTEN", address)?,
            internal_listen: source.parsed("INTERNAL_LISTEN", address)?,
            proxies: ProxySettings::parse(source)?,
            hosts: hosts.iter().map(|host| host.to_lowercase()).collect(),
            cors_origins,
            max_connections: source.number("MAX_CONNECTIONS", 1..=100_000)?,
            client_timeout: Duration::from_secs(source.number("CLIENT_TIMEOUT", 1..=60)?),
            keep_alive_timeout: Duration::from_secs(source.number("KEEP_ALIVE_TIMEOUT", 1..=3600)?),
            shutdown_delay: Duration::from_secs(source.number("SHUTDOWN_DELAY", 0..=600)?),
            shutdown_grace: Duration::from_secs(source.number("SHUTDOWN_GRACE", 0..=600)?),
        })
    }
}

/// Scheme and authority only, as browsers send it. `*` and `null` would permit every page.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else {
        return false;
    };
    let Some(authority) = uri.authority() else {
        return false;
    };
    // Browsers omit the port of the scheme, and write names in lower case: any other origin would never match.
    let own_port = match uri.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return false,
    };
    let is_plain = !authority.as_str().contains(['@', '*']) && text == text.to_lowercase();
    is_plain && authority.port_u16() != Some(own_port) && !text.ends_with('/') && uri.path() == "/"
}
