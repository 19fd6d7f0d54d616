//! Accepts connections. Built on hyper, because poem's own server limits neither the number of connections nor the time that a
//! request head may take.

/// The state of one connection.
mod connection;

/// The limit on connections.
mod connection_limit;

/// The socket of one connection.
mod client_stream;

/// Limits HTTP/2 frames without a request.
mod frame_limit;

/// Problem documents for errors of the HTTP library.
mod protocol_errors;

/// The PROXY protocol.
mod proxy_protocol;

/// The active requests of one connection.
mod request_activity;

/// The progress of responses.
mod response_body;

/// The stages of a shutdown.
mod stage;

/// Serves one connection.
mod server;

/// The streams of HTTP/2 connections.
mod stream_executor;

use super::error::StartError;
use crate::telemetry::metrics::Metrics;
pub use connection::ClientTimeouts;
use poem::Response;
use poem::endpoint::BoxEndpoint;
pub use server::Limits;
use server::{BACKLOG, SEND_BUFFER_BYTES, Server};
pub use stage::Stage;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

/// A bound socket and its server.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    server: Arc<Server>,
}

impl Listener {
    /// Binds the address of a setting.
    pub fn bind(
        setting: &'static str,
        address: SocketAddr,
        endpoint: BoxEndpoint<'static, Response>,
        limits: Limits,
        metrics: Option<Metrics>,
    ) -> Result<Self, StartError> {
        let socket = listen(address).map_err(|error| StartError::Listen(setting, address, error))?;
        let address = socket
            .local_addr()
            .map_err(|error| StartError::Listen(setting, address, error))?;
        let server = Server::new(endpoint, address, limits, metrics);
        Ok(Self {
            socket,
            address,
            server: Arc::new(server),
        })
    }

    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts connections until the stage is [`Stage::Closing`]; then waits for them to end, up to `grace`.
    pub async fn run(self, mut stage: watch::Receiver<Stage>, grace: Duration) {
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = stage::closing(&mut stage) => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    if !self.server.accept(stream, peer, &stage).await {
                        break;
                    }
                }
                Err(error) => server::wait_after(&error).await,
            }
        }
        let end = async {
            self.server.accept_waiting(self.socket, &stage).await;
            self.server.slots.wait_until_free().await;
        };
        if tokio::time::timeout(grace, end).await.is_err() {
            tracing::warn!("running requests were aborted after the shutdown grace");
        }
    }
}

/// Listens. Accepted sockets inherit the send buffer's size: with the kernel's default, which grows to megabytes, a client
/// that reads slowly but steadily would appear to read nothing for a long time.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
