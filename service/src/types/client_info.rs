//! The client that sent a request, for audit events, sessions and rate limits.

use super::operator::Operator;
use super::request_id::RequestId;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
