//! The client that sent a request, for audit events, sessions and rate limits.

use super::operator::Operator;
use super::request_id::RequestId;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Prefix lengths of wider networks, with how many times the limit of one customer each of them has. A hosting customer or
/// a household can hold a whole IPv6 /56 or /48, which are 256 and 65,536 networks of the usual size.
const WIDER_IPV6: [(u8, u32); 2] = [(56, 4), (48, 16)];
const WIDER_IPV4: [(u8, u32); 1] = [(24, 16)];

/// The multiples in use.
pub const SHARES: [u32; 2] = [4, 16];

/// What is known about a client. None of it is authenticated.
#[derive(Clone, Debug)]
pub struct ClientInfo {
    /// Address of the connection, or the one that a trusted proxy reports.
    pub address: IpAddr,
    /// Ids of the request.
    pub request_id: RequestId,
    /// The `User-Agent` header, cut to 200 characters, without control characters.
    pub user_agent: String,
    /// The operator, if it is one at the command line.
    pub operator: Option<Operator>,
}

impl ClientInfo {
    /// An operator at the command line of the server.
    pub fn operator(operator: Operator) -> Self {
        Self {
            user_agent: "command line".into(),
            operator: Some(operator),
            ..Self::service()
        }
    }

    /// The service itself, in work that no request caused.
    pub fn service() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            request_id: RequestId::default(),
            user_agent: String::new(),
            operator: None,
        }
    }

    /// The network that is usually assigned to one customer: the IPv4 address, or the IPv6 /64.
    pub fn network(&self) -> IpAddr {
        network(self.address)
    }
}

/// The /64 network of an IPv6 address, or the IPv4 address itself. IPv4-mapped addresses count as IPv4.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// The networks around the customer's, each with how many times the limit of one customer it has.
pub fn wider_networks(address: IpAddr) -> impl Iterator<Item = (IpNet, u32)> {
    let address = address.to_canonical();
    let wider: &'static [(u8, u32)] = match address {
        IpAddr::V4(_) => &WIDER_IPV4,
        IpAddr::V6(_) => &WIDER_IPV6,
    };
    let network = move |length| IpNet::new(address, length).ok().map(|network| network.trunc());
    wider
        .iter()
        .filter_map(move |(length, share)| Some((network(*length)?, *share)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_networks_of_several_sizes() {
        let wider = |address: &str| -> Vec<(String, u32)> {
            let networks = wider_networks(address.parse().unwrap());
            networks
                .map(|(network, share)| (network.to_string(), share))
                .collect()
        };
        assert_eq!(wider("192.0.2.77"), [("192.0.2.0/24".to_owned(), 16)]);
        assert_eq!(wider("::ffff:192.0.2.77"), wider("192.0.2.77"));
        let ipv6 = [
            ("2001:db8:1:ab00::/56".to_owned(), 4),
            ("2001:db8:1::/48".to_owned(), 16),
        ];
        assert_eq!(wider("2001:db8:1:abcd::1"), ipv6);
        let network = network("2001:db8:1:abcd:1:2:3:4".parse().unwrap());
        assert_eq!(wider(&network.to_string()), ipv6, "also by its network");
    }
}
