//! The address of a request's client. A trusted proxy appends the address of its peer to a header, so the header is read
//! from the right: what is left of the first untrusted address was written by that client, and counts for nothing.

use super::forwarded;
use crate::config::proxies::{ClientAddressSource, ProxySettings};
use crate::http::contract::problem::Problem;
use http::{HeaderMap, HeaderName, StatusCode, header};
use poem::Request;
use std::net::{IpAddr, Ipv4Addr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Finds the addresses of clients.
pub struct ClientAddresses(ProxySettings);

/// The two headers of a request name different clients, and either may have been written by the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmbiguousClientError;

impl From<AmbiguousClientError> for Problem {
    fn from(AmbiguousClientError: AmbiguousClientError) -> Self {
        let detail = "`Forwarded` and `X-Forwarded-For` name different clients";
        Self::new(StatusCode::BAD_REQUEST, "ambiguous-client", detail)
    }
}

impl ClientAddresses {
    /// Finds them behind these proxies.
    pub fn new(proxies: ProxySettings) -> Self {
        Self(proxies)
    }

    /// The client of a request.
    pub fn find(&self, request: &Request) -> Result<IpAddr, AmbiguousClientError> {
        let peer = request.remote_addr().as_socket_addr();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
        self.of(peer, request.headers())
    }

    fn of(&self, peer: IpAddr, headers: &HeaderMap) -> Result<IpAddr, AmbiguousClientError> {
        if !self.0.trusted.contains(peer) {
            return Ok(peer);
        }
        let forwarded = || {
            let hops = forwarded::hops(headers.get_all(header::FORWARDED));
            self.rightmost_untrusted(peer, hops)
        };
        let x_forwarded_for = || {
            let hops = forwarded::x_hops(headers.get_all(X_FORWARDED_FOR));
            self.rightmost_untrusted(peer, hops)
        };
        match self.0.source {
            // The listener has read the address already.
            ClientAddressSource::ProxyProtocol => Ok(peer),
            ClientAddressSource::Forwarded => Ok(forwarded()),
            ClientAddressSource::XForwardedFor => Ok(x_forwarded_for()),
            ClientAddressSource::EitherHeader => {
                let both = headers.contains_key(header::FORWARDED) && headers.contains_key(X_FORWARDED_FOR);
                // A header that is absent names the peer.
                match (forwarded(), x_forwarded_for()) {
                    (one, other) if both && one != other => Err(AmbiguousClientError),
                    (one, other) if one == peer => Ok(other),
                    (one, _) => Ok(one),
                }
            }
        }
    }

    /// The first untrusted hop. Where a hop is unknown or malformed, the last known one, which is a trusted proxy.
    fn rightmost_untrusted(&self, peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut client = peer;
        for hop in hops.map_while(|hop| hop) {
            client = hop;
            if !self.0.trusted.contains(hop) {
                break;
            }
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::trusted_proxies::TrustedProxies;
    use http::HeaderValue;

    const PEER: &str = "10.0.0.1";

    fn find(source: ClientAddressSource, peer: &str, fields: &[(&'static str, &str)]) -> Option<String> {
        let trusted = TrustedProxies::parse(&["10.0.0.0/24", "2001:db8:f::/64"]).unwrap();
        let addresses = ClientAddresses::new(ProxySettings { trusted, source });
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        let client = addresses.of(peer.parse().unwrap(), &headers).ok();
        client.map(|client| client.to_string())
    }

    fn from_x(value: &str) -> String {
        let fields = [("x-forwarded-for", value)];
        find(ClientAddressSource::XForwardedFor, PEER, &fields).unwrap()
    }

    fn from_forwarded(value: &str) -> String {
        let fields = [("forwarded", value)];
        find(ClientAddressSource::Forwarded, PEER, &fields).unwrap()
    }

    #[test]
    fn the_rightmost_untrusted_address_is_the_client() {
        for (value, client) in [
            ("192.0.2.1", "192.0.2.1"),
            ("198.51.100.9, 192.0.2.1", "192.0.2.1"),
            ("198.51.100.9,192.0.2.1,10.0.0.2 ,\t10.0.0.3", "192.0.2.1"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("192.0.2.1, 2001:db8:f::2", "192.0.2.1"),
            ("::ffff:192.0.2.1, ::ffff:10.0.0.2", "192.0.2.1"),
            ("garbage, 192.0.2.1", "192.0.2.1"),
            ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
        ] {
            assert_eq!(from_x(value), client, "{value}");
        }
    }

    #[test]
    fn where_a_hop_is_malformed_the_last_known_one_counts() {
        for (value, client) in [
            ("", PEER),
            (",", PEER),
            ("192.0.2.1,", PEER),
            ("192.0.2.1, unknown", PEER),
            ("192.0.2.1, 1.2.3", PEER),
            ("192.0.2.1, 010.0.0.1", PEER),
            ("192.0.2.1, 192.0.2.2 192.0.2.3", PEER),
            ("192.0.2.1, fe80::1%eth0", PEER),
            ("192.0.2.1, [2001:db8::1", PEER),
            ("192.0.2.1, 2001:db8::1]", PEER),
            ("192.0.2.1, 0.0.0.0", PEER),
            ("192.0.2.1, 192.0.2.2:", PEER),
            ("192.0.2.1, 192.0.2.2:x", PEER),
            ("192.0.2.1, é", PEER),
            ("192.0.2.1, garbage, 10.0.0.7", "10.0.0.7"),
        ] {
            assert_eq!(from_x(value), client, "{value}");
        }
    }

    #[test]
    fn forwarded_is_read_in_every_form() {
        for (value, client) in [
            ("for=192.0.2.1", "192.0.2.1"),
            ("For=192.0.2.1;proto=http;by=10.0.0.1", "192.0.2.1"),
            ("proto=https ; FOR = 192.0.2.1", PEER),
            ("proto=https;FOR=192.0.2.1", "192.0.2.1"),
            ("for=\"192.0.2.1:4711\"", "192.0.2.1"),
            ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=\"[2001:db8:cafe::17]\"", "2001:db8:cafe::17"),
            ("for=\"\\1\\92.0.2.1\"", "192.0.2.1"),
            ("for=198.51.100.1, for=192.0.2.1, for=10.0.0.2", "192.0.2.1"),
            (
                "for=192.0.2.1;host=\"a,b;c=\\\"d\\\"\", for=10.0.0.2",
                "192.0.2.1",
            ),
            ("for=\"192.0.2.1:_port\"", "192.0.2.1"),
            ("for=unknown", PEER),
            ("for=_hidden", PEER),
            ("for=198.51.100.1, for=_hidden, for=10.0.0.2", "10.0.0.2"),
            ("by=10.0.0.1;proto=http", PEER),
            ("for=198.51.100.1;for=192.0.2.1", PEER),
            ("for=", PEER),
            ("192.0.2.1", PEER),
        ] {
            assert_eq!(from_forwarded(value), client, "{value}");
        }
    }

    #[test]
    fn quotes_of_a_client_do_not_hide_what_the_proxy_appended() {
        for value in [
            "for=\"198.51.100.1, for=192.0.2.1",
            "for=\"198.51.100.1\\\", for=192.0.2.1",
            "\"\"\", for=\"192.0.2.1\"",
            "for=198.51.100.1;host=\\\", for=\"192.0.2.1:80\";proto=http",
        ] {
            assert_eq!(from_forwarded(value), "192.0.2.1", "{value}");
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = [
            ("x-forwarded-for", "198.51.100.1"),
            ("x-forwarded-for", "192.0.2.1, 10.0.0.3"),
            ("x-forwarded-for", "10.0.0.2"),
        ];
        let client = find(ClientAddressSource::XForwardedFor, PEER, &lines);
        assert_eq!(client.unwrap(), "192.0.2.1");
        let lines = [
            ("forwarded", "for=\"x"),
            ("forwarded", "for=192.0.2.1;host=\"a\""),
        ];
        let client = find(ClientAddressSource::Forwarded, PEER, &lines);
        assert_eq!(client.unwrap(), "192.0.2.1");
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_sends() {
        let fields = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.2")];
        for peer in ["203.0.113.5", "10.0.1.1", "::1", "2001:db8:e::1"] {
            let client = find(ClientAddressSource::EitherHeader, peer, &fields);
            assert_eq!(client.unwrap(), peer);
        }
        let mapped = find(ClientAddressSource::XForwardedFor, "::ffff:10.0.0.1", &fields);
        assert_eq!(mapped.unwrap(), "192.0.2.1");
    }

    #[test]
    fn a_header_that_is_not_the_proxys_changes_nothing() {
        let (x, forwarded) = (("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.2"));
        let named = [
            (ClientAddressSource::XForwardedFor, Some("192.0.2.1")),
            (ClientAddressSource::Forwarded, Some("192.0.2.2")),
            (ClientAddressSource::ProxyProtocol, Some(PEER)),
            (ClientAddressSource::EitherHeader, None),
        ];
        for (source, client) in named {
            assert_eq!(find(source, PEER, &[x, forwarded]).as_deref(), client);
        }
        let either = |fields: &[(&'static str, &str)]| find(ClientAddressSource::EitherHeader, PEER, fields);
        assert_eq!(either(&[x]).as_deref(), Some("192.0.2.1"));
        assert_eq!(either(&[forwarded]).as_deref(), Some("192.0.2.2"));
        assert_eq!(
            either(&[x, ("forwarded", "for=192.0.2.1")]).as_deref(),
            Some("192.0.2.1")
        );
        assert_eq!(either(&[x, ("forwarded", "for=unknown")]), None);
        assert_eq!(either(&[]).as_deref(), Some(PEER));
    }
}
