//! Version 2 of the PROXY protocol: a proxy that forwards bytes names its client before them.

use crate::types::trusted_proxies::TrustedProxies;
use ppp::v2::{Addresses, Command, Header, Protocol};
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes before the addresses: signature, version, command, family, and the length of the rest.
const FIXED_BYTES: usize = 16;

/// Maximum length of the rest: 216 bytes of addresses, and extensions such as those of cloud balancers, which are ignored.
const MAX_ADDRESS_BYTES: usize = 4096;

/// Reads the header that a connection must start with, and not a byte more; returns the client's address.
///
/// # Errors
///
/// The peer is no trusted proxy, or does not send a header of version 2.
pub async fn read_client<S: AsyncRead + Unpin>(
    stream: &mut S,
    peer: SocketAddr,
    proxies: &TrustedProxies,
) -> Result<SocketAddr> {
    let invalid = |reason: &'static str| Error::new(ErrorKind::InvalidData, reason);
    if !proxies.contains(peer.ip()) {
        return Err(Error::new(ErrorKind::PermissionDenied, "not a trusted proxy"));
    }
    let mut header = vec![0; FIXED_BYTES];
    stream.read_exact(&mut header).await?;
    if !header.starts_with(ppp::v2::PROTOCOL_PREFIX) {
        return Err(invalid("no PROXY protocol header of version 2"));
    }
    let rest = usize::from(u16::from_be_bytes([header[14], header[15]]));
    if rest > MAX_ADDRESS_BYTES {
        return Err(invalid("a PROXY protocol header that is too long"));
    }
    header.resize(FIXED_BYTES + rest, 0);
    stream.read_exact(&mut header[FIXED_BYTES..]).await?;
    let header = Header::try_from(&header[..]).map_err(|_| invalid("a malformed PROXY protocol header"))?;
    match (header.command, header.addresses) {
        // The proxy's own connection, for example a health check.
        (Command::Local, _) => Ok(peer),
        (Command::Proxy, Addresses::IPv4(v4)) if header.protocol == Protocol::Stream => {
            Ok((v4.source_address, v4.source_port).into())
        }
        (Command::Proxy, Addresses::IPv6(v6)) if header.protocol == Protocol::Stream => {
            let address = v6.source_address.to_canonical();
            Ok((address, v6.source_port).into())
        }
        (Command::Proxy, Addresses::Unspecified) => Ok(peer),
        (Command::Proxy, _) => Err(invalid("a PROXY protocol header of another transport")),
    }
}
