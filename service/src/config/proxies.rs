//! Settings of the reverse proxies in front of the public listener.

use super::source::{ConfigError, Source};
use crate::types::trusted_proxies::TrustedProxies;

/// The trusted proxies, and how they report a client's address.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// The proxies.
    pub trusted: TrustedProxies,
    /// Where they put the address.
    pub source: ClientAddressSource,
}

/// Where a trusted proxy puts the address of its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAddressSource {
    /// `Forwarded` or `X-Forwarded-For`, whichever a request carries; one that carries both with different clients is
    /// rejected.
    EitherHeader,
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// Version 2 of the PROXY protocol, before the first byte of HTTP.
    ProxyProtocol,
}

impl ProxySettings {
    /// Parses the settings.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let trusted = TrustedProxies::parse(&source.list("TRUSTED_PROXIES")?).ok_or_else(|| {
            let reason =
                "must be addresses and networks, for example 10.0.0.7,fd00::/8, and not every address";
            ConfigError::new("TRUSTED_PROXIES", reason)
        })?;
        let name = "CLIENT_ADDRESS_SOURCE";
        let source = match source.text(name)?.as_str() {
            "either-header" => ClientAddressSource::EitherHeader,
            "forwarded" => ClientAddressSource::Forwarded,
            "x-forwarded-for" => ClientAddressSource::XForwardedFor,
            "proxy-protocol" => ClientAddressSource::ProxyProtocol,
            _ => {
                let reason = "must be either-header, forwarded, x-forwarded-for or proxy-protocol";
                return Err(ConfigError::new(name, reason));
            }
        };
        if source != ClientAddressSource::EitherHeader && trusted.is_empty() {
            return Err(ConfigError::new(name, "requires PORTCULLIS_TRUSTED_PROXIES"));
        }
        Ok(Self { trusted, source })
    }

    /// The proxies that every connection must start a PROXY protocol header from; `None`: the protocol is not used.
    pub fn proxy_protocol(&self) -> Option<TrustedProxies> {
        (self.source == ClientAddressSource::ProxyProtocol).then(|| self.trusted.clone())
    }
}
