//! The allow-list of Host names. An unchecked Host enables DNS rebinding and poisoned links in mails.

use crate::http::contract::problem::Problem;
use crate::types::host_name::HostName;
use http::{StatusCode, Version, header};
use poem::Request;

/// The allow-list.
pub struct Hosts(Vec<HostName>);

/// Which requests may name any host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostPolicy {
    /// None: the name must be on the allow-list.
    Listed,
    /// This one: health probes name the address of a container or instance, or in HTTP/1.0 nothing.
    Any,
}

impl Hosts {
    /// Names without port.
    pub fn new(names: &[String]) -> Self {
        Self(names.iter().filter_map(|name| HostName::parse(name)).collect())
    }

    /// Requires exactly one Host, except in HTTP/1.0 (RFC 9112 §3.2), and a listed name. An absolute target takes
    /// precedence over Host (§3.2.2). HTTP/2 carries the name as `:authority`; a Host beside it must be equal (RFC 9113
    /// §8.3.1).
    pub fn check(&self, request: &Request, policy: HostPolicy) -> Result<(), Problem> {
        let mut fields = request.headers().get_all(header::HOST).iter();
        let field = match (fields.next(), fields.next()) {
            (None, _) => None,
            (Some(field), None) => Some(field.to_str().map_err(|_| malformed())?),
            (Some(_), Some(_)) => return Err(malformed()),
        };
        let target = request
            .original_uri()
            .authority()
            .map(http::uri::Authority::as_str);
        let name = match (request.version(), target, field) {
            (Version::HTTP_2, Some(target), field) => {
                let name = name_of(target)?;
                if field.map(name_of).transpose()?.is_some_and(|field| field != name) {
                    return Err(malformed());
                }
                name
            }
            // The field's value does not count, but must be valid; it is empty if the target has no authority (§3.2).
            (_, Some(target), Some(field)) => {
                if !field.is_empty() {
                    name_of(field)?;
                }
                name_of(target)?
            }
            (Version::HTTP_10, Some(target), None) => name_of(target)?,
            (_, None, Some(field)) => name_of(field)?,
            (Version::HTTP_10, None, None) if policy == HostPolicy::Any => return Ok(()),
            (_, _, None) => return Err(malformed()),
        };
        if policy == HostPolicy::Any || self.0.contains(&name) {
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

fn malformed() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad-host",
        "a request must have exactly one valid Host",
    )
}

/// The name in `name`, `name:port`, `[v6]` or `[v6]:port`. The port may be empty (RFC 3986 §3.2.3).
fn name_of(authority: &str) -> Result<HostName, Problem> {
    let bracket = authority.rfind(']').map_or(0, |end| end + 1);
    let (name, port) = match authority[bracket..].split_once(':') {
        Some((rest, port)) => (&authority[..bracket + rest.len()], port),
        None => (authority, ""),
    };
    let port_is_valid =
        port.bytes().all(|digit| digit.is_ascii_digit()) && (port.is_empty() || port.parse::<u16>().is_ok());
    HostName::parse(name)
        .filter(|_| port_is_valid)
        .ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use super::{HostName, name_of};

    fn name(authority: &str) -> Option<HostName> {
        name_of(authority).ok()
    }

    #[test]
    fn a_host_is_a_name_with_an_optional_port() {
        let localhost = name("localhost");
        assert!(localhost.is_some());
        for same in [
            "localhost:3000",
            "localhost:",
            "LocalHost.",
            "localhost.:80",
            "localhost:00080",
        ] {
            assert_eq!(name(same), localhost, "{same}");
        }
        for same in ["[::1]:3000", "[::1]:", "[0:0:0:0:0:0:0:1]", "[0000::0001]"] {
            assert_eq!(name(same), name("[::1]"), "{same}");
        }
        assert_ne!(name("localhost.localdomain"), localhost);
    }

    #[test]
    fn anything_else_is_malformed() {
        for bad in [
            "",
            ":80",
            ".",
            "a..",
            "a..b",
            ".a",
            "a:b",
            "a:1:2",
            "a:99999",
            "user@a",
            "a b",
            "a,b",
            "a:+1",
            "a/b",
            "a%2eb",
            "[::1",
            "::1",
            "[::1]x",
            "[::1]x:80",
            "[a]",
            "x[::1]",
            "l\u{f6}calhost",
        ] {
            assert_eq!(name(bad), None, "{bad}");
        }
    }
}
