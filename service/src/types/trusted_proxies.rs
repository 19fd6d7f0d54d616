//! The reverse proxies whose word about a client's address is taken.

use ipnet::{IpNet, Ipv4Net};
use std::net::IpAddr;
use std::sync::Arc;

/// Addresses and networks of trusted proxies. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Parses addresses and networks in CIDR notation. `None`: one of them is neither, or contains every address.
    pub fn parse<T: AsRef<str>>(items: &[T]) -> Option<Self> {
        items
            .iter()
            .map(|item| network(item.as_ref()))
            .collect::<Option<_>>()
            .map(Self)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the address is a trusted proxy's. IPv4-mapped IPv6 addresses count as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

fn network(text: &str) -> Option<IpNet> {
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse().ok()?,
    };
    let network = match network {
        IpNet::V6(v6) => match (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96)) {
            (Some(v4), Some(length)) => IpNet::V4(Ipv4Net::new(v4, length).ok()?),
            _ => network,
        },
        IpNet::V4(_) => network,
    };
    (network.prefix_len() > 0).then_some(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(networks: &[&str], address: &str) -> bool {
        let proxies = TrustedProxies::parse(networks).unwrap();
        proxies.contains(address.parse().unwrap())
    }

    #[test]
    fn addresses_and_networks_of_both_families_are_matched() {
        let networks = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "fd00::1"];
        for inside in [
            "10.255.0.1",
            "192.0.2.7",
            "2001:db8:1::",
            "fd00::1",
            "::ffff:10.1.2.3",
        ] {
            assert!(contains(&networks, inside), "{inside}");
        }
        for outside in [
            "11.0.0.1",
            "192.0.2.8",
            "2001:db9::",
            "fd00::2",
            "::10.1.2.3",
            "::",
        ] {
            assert!(!contains(&networks, outside), "{outside}");
        }
        assert!(contains(&["::ffff:192.0.2.0/120"], "192.0.2.200"));
        assert!(contains(&["::ffff:192.0.2.1"], "192.0.2.1"));
        assert!(!contains(&[], "127.0.0.1"));
    }

    #[test]
    fn what_is_no_network_or_every_address_is_rejected() {
        for bad in [
            "",
            "proxy.example",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0",
            "10.0.0.1:80",
            "[fd00::1]",
            "fe80::1%eth0",
            "0.0.0.0/0",
            "::/0",
            "::ffff:0.0.0.0/96",
        ] {
            assert!(TrustedProxies::parse(&[bad]).is_none(), "{bad}");
        }
    }
}
