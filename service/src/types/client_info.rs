//! Who is at the other end of a request, as far as the connection tells: for audit events, sessions and throttles.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The other end. Nothing in it proves who somebody is.
#[derive(Clone, Debug)]
pub struct ClientInfo {
    /// The connecting address; headers change nothing about it.
    pub address: IpAddr,
    /// The request's id.
    pub request_id: String,
    /// What the client calls itself, cut to 200 characters, without control characters.
    pub user_agent: String,
}

impl ClientInfo {
    /// Somebody at the command line of the service's own machine.
    pub fn operator() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            request_id: String::new(),
            user_agent: "command line".into(),
        }
    }

    /// The network that one customer gets whole: the address itself, or an IPv6 /64.
    pub fn network(&self) -> IpAddr {
        network(self.address)
    }
}

/// The network of an address: IPv6 addresses count as their /64, IPv4-mapped ones as IPv4.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}
