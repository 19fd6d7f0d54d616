//! The name of a host without port, as `Host` and the settings have it.

use std::net::Ipv6Addr;

/// A name without port. Equal when it denotes the same host: case and the dot of the root do not matter (RFC 3986 §3.2.2).
#[derive(Debug, PartialEq, Eq)]
pub enum HostName {
    /// An IPv6 address, in brackets.
    V6(Ipv6Addr),
    /// A name or an IPv4 address, in lower case.
    Name(String),
}

impl HostName {
    /// Parses a name.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(literal) = name.strip_prefix('[') {
            return literal.strip_suffix(']')?.parse().ok().map(Self::V6);
        }
        let name = name.strip_suffix('.').unwrap_or(name);
        // The characters of a name (RFC 3986 §3.2.2) that a host can have: letters, digits, hyphen, underscore.
        let is_label = |label: &str| {
            let valid = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
            !label.is_empty() && label.bytes().all(valid)
        };
        name.split('.')
            .all(is_label)
            .then(|| Self::Name(name.to_ascii_lowercase()))
    }
}
