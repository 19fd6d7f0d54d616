//! The allow-list of Host names. An unchecked Host enables DNS rebinding and poisoned links in mails.

use crate::http::contract::problem::Problem;
use http::{StatusCode, header};
use poem::Request;

/// The allow-list.
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Names in lower case, without port.
    pub fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    /// Requires exactly one Host (RFC 9112 §3.2) with a listed name. HTTP/2 carries it as `:authority`.
    pub fn check(&self, request: &Request) -> Result<(), Problem> {
        let malformed = || {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad-host",
                "a request must have exactly one valid Host",
            )
        };
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let host = hosts
            .next()
            .map(|value| value.to_str())
            .transpose()
            .map_err(|_| malformed())?;
        if hosts.next().is_some() {
            return Err(malformed());
        }
        let authority = request
            .original_uri()
            .authority()
            .map(http::uri::Authority::as_str);
        let host = match (authority, host) {
            (Some(authority), Some(host)) if !authority.eq_ignore_ascii_case(host) => return Err(malformed()),
            (Some(authority), _) => authority,
            (None, Some(host)) => host,
            (None, None) => return Err(malformed()),
        };
        let name = without_port(host).ok_or_else(malformed)?;
        if self.0.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Ok(());
        }
        let detail = "the service does not serve the requested host";
        Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "unknown-host",
            detail,
        ))
    }
}

/// The name in `name`, `name:port`, `[v6]` or `[v6]:port`; `None` for anything else.
fn without_port(host: &str) -> Option<&str> {
    let bracket = host.rfind(']').map_or(0, |end| end + 1);
    let (name, port) = match host[bracket..].find(':') {
        Some(colon) => (&host[..bracket + colon], Some(&host[bracket + colon + 1..])),
        None => (host, None),
    };
    let port_is_valid = port.is_none_or(|port| port.parse::<u16>().is_ok() && !port.starts_with('+'));
    let name_is_valid = !name.is_empty() && !name.contains(['@', '/', ',', ' ']);
    (port_is_valid && name_is_valid).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::without_port;

    #[test]
    fn a_host_is_a_name_with_an_optional_port() {
        assert_eq!(without_port("localhost:3000"), Some("localhost"));
        assert_eq!(without_port("[::1]:3000"), Some("[::1]"));
        assert_eq!(without_port("[::1]"), Some("[::1]"));
        for bad in [
            "", ":80", "a:b", "a:1:2", "a:99999", "user@a", "a b", "a,b", "a:+1",
        ] {
            assert_eq!(without_port(bad), None, "{bad}");
        }
    }
}
