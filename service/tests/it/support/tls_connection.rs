//! A TLS connection on which a test sends arbitrary bytes, from any address of the machine.

use super::certificate_authority::CertificateAuthority;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection.
pub struct TlsConnection(StreamOwned<ClientConnection, TcpStream>);

impl TlsConnection {
    /// Connects from an address of this machine, verifies the server, and offers one protocol of ALPN and these versions of TLS.
    pub fn connect(
        address: SocketAddr,
        from: Ipv4Addr,
        name: &'static str,
        authority: &CertificateAuthority,
        protocol: &str,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(authority.file()).unwrap())
            .unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let name = ServerName::try_from(name).unwrap();
        let client = ClientConnection::new(Arc::new(config), name).unwrap();
        Self(StreamOwned::new(client, connect_from(from, address)))
    }

    /// Sends bytes; returns `false` when the peer has closed the connection.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).is_ok() && self.0.flush().is_ok()
    }

    /// The protocol that the server has chosen; `None` when the handshake failed.
    pub fn protocol(&mut self) -> Option<String> {
        self.0.conn.complete_io(&mut self.0.sock).ok()?;
        let protocol = self.0.conn.alpn_protocol()?;
        Some(String::from_utf8_lossy(protocol).into_owned())
    }

    /// Reads until the peer closes the connection, or has sent nothing for this long, at most ten times as long.
    pub fn read_until_quiet(&mut self, quiet: Duration) -> Vec<u8> {
        let (start, mut received, mut buffer) = (Instant::now(), Vec::new(), [0; 16_384]);
        self.0.sock.set_read_timeout(Some(quiet)).unwrap();
        while start.elapsed() < 10 * quiet {
            match self.0.read(&mut buffer) {
                Ok(count @ 1..) => received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        received
    }
}

fn connect_from(from: Ipv4Addr, address: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(address).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}
