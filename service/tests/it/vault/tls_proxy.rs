//! TLS in front of the Vault server, which has none.

use super::server::VaultServer;
use rustls::ServerConfig;
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The proxy.
pub struct TlsProxy {
    /// Its port.
    pub port: u16,
}

impl TlsProxy {
    /// Starts it, for the lifetime of the server.
    pub fn start(server: &VaultServer, config: Arc<ServerConfig>) -> Self {
        let listener = server.run(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (acceptor, address) = (TlsAcceptor::from(config), server.server.address());
        server.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that does not trust the certificate ends the handshake.
                    let mut stream = acceptor.accept(stream).await.ok()?;
                    let mut vault = TcpStream::connect(address).await.ok()?;
                    copy_bidirectional(&mut stream, &mut vault).await.ok()
                });
            }
        });
        Self { port }
    }
}
