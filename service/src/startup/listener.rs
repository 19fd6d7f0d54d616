//! Accepts connections and serves HTTP/1.1 and HTTP/2. Built on hyper, because poem's own server limits neither the
//! number of connections nor the time that a request head may take.

use super::connection_limit::{ConnectionSlots, Slot};
use super::error::StartError;
use super::idle_timeout::IdleTimeout;
use super::protocol_errors::ProtocolErrors;
use super::proxy_protocol;
use crate::telemetry::metrics::Metrics;
use crate::types::trusted_proxies::TrustedProxies;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use poem::endpoint::{BoxEndpoint, Endpoint};
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Request, Response};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Limits on connections.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Maximum number of open connections.
    pub connections: usize,
    /// How long a client may take for a request head, or without sending or receiving a byte.
    pub client_timeout: Duration,
    /// The only permitted peers, which start each connection with a PROXY protocol header. `None`: any peer, without one.
    pub proxy_protocol: Option<TrustedProxies>,
}

/// A bound socket and its server.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    server: Arc<Server>,
}

struct Server {
    endpoint: BoxEndpoint<'static, Response>,
    builder: Builder<TokioExecutor>,
    slots: ConnectionSlots,
    client_timeout: Duration,
    proxy_protocol: Option<TrustedProxies>,
    address: SocketAddr,
    metrics: Option<Metrics>,
}

impl Listener {
    /// Binds the address.
    pub async fn bind(
        address: SocketAddr,
        endpoint: BoxEndpoint<'static, Response>,
        limits: Limits,
        metrics: Option<Metrics>,
    ) -> Result<Self, StartError> {
        let socket = TcpListener::bind(address)
            .await
            .map_err(|error| StartError::Listen(address, error))?;
        let address = socket
            .local_addr()
            .map_err(|error| StartError::Listen(address, error))?;
        let server = Server {
            endpoint,
            builder: builder(limits.client_timeout),
            slots: ConnectionSlots::new(limits.connections),
            client_timeout: limits.client_timeout,
            proxy_protocol: limits.proxy_protocol,
            address,
            metrics,
        };
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

    /// Accepts connections until `stopped` changes; then waits for them to end, up to `grace`.
    pub async fn run(self, mut stopped: watch::Receiver<bool>, grace: Duration) {
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                _ = stopped.changed() => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let Some((slot, evicted)) = self.server.slots.take().await else {
                        break;
                    };
                    if evicted {
                        self.server.refused("no room");
                    }
                    tokio::spawn(Arc::clone(&self.server).serve(stream, peer, slot, stopped.clone()));
                }
                // Too many open files, or the client has disconnected: the listener goes on.
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(self.socket);
        if tokio::time::timeout(grace, self.server.slots.wait_until_free())
            .await
            .is_err()
        {
            tracing::warn!("running requests were aborted after the shutdown grace");
        }
    }
}

/// The limits of HTTP/1.1 and HTTP/2. They exceed those of the edge, and bound memory before a request reaches it.
fn builder(client_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(client_timeout)
        .max_headers(200)
        .max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(32 * 1024)
        .max_pending_accept_reset_streams(20)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(client_timeout);
    builder
}

impl Server {
    async fn serve(
        self: Arc<Self>,
        mut stream: TcpStream,
        peer: SocketAddr,
        slot: Slot,
        mut stopped: watch::Receiver<bool>,
    ) {
        self.count(1);
        let client = tokio::select! {
            client = self.read_client(&mut stream, peer) => client,
            () = slot.connection.evicted() => None,
            _ = stopped.changed() => None,
        };
        let Some(client) = client else {
            self.count(-1);
            return;
        };
        // Responses are written at once: Nagle's algorithm would only delay them.
        let _ = stream.set_nodelay(true);
        let stream = IdleTimeout::new(stream, Arc::clone(&slot.connection), self.client_timeout);
        let io = TokioIo::new(ProtocolErrors::new(stream));
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let active = slot.connection.begin_request();
            let request = Request::from((
                request,
                LocalAddr(Addr::SocketAddr(self.address)),
                RemoteAddr(Addr::SocketAddr(client)),
                Scheme::HTTP,
            ));
            let server = Arc::clone(&self);
            async move {
                let response = server.endpoint.get_response(request).await;
                drop(active);
                Ok::<http::Response<_>, Infallible>(response.into())
            }
        });
        let mut connection = pin!(self.builder.serve_connection(io, service));
        let mut first_request = pin!(tokio::time::sleep(self.client_timeout));
        let mut stopping = false;
        loop {
            tokio::select! {
                _ = &mut connection => break,
                () = slot.connection.evicted() => break,
                () = &mut first_request, if !first_request.is_elapsed() => {
                    if !slot.connection.has_received_request() {
                        self.refused("silent");
                        break;
                    }
                }
                _ = stopped.changed(), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
        self.count(-1);
    }

    /// The client of a connection; `None`: the connection must be closed.
    async fn read_client(&self, stream: &mut TcpStream, peer: SocketAddr) -> Option<SocketAddr> {
        let Some(proxies) = &self.proxy_protocol else {
            return Some(peer);
        };
        let reading = proxy_protocol::read_client(stream, peer, proxies);
        let reason = match tokio::time::timeout(self.client_timeout, reading).await {
            Ok(Ok(client)) => return Some(client),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no header in time".to_owned(),
        };
        tracing::debug!(%peer, reason, "connection without a valid PROXY protocol header closed");
        self.refused("no proxy header");
        None
    }

    fn count(&self, change: i64) {
        if let Some(metrics) = &self.metrics {
            metrics.connection(change);
        }
    }

    fn refused(&self, why: &'static str) {
        if let Some(metrics) = &self.metrics {
            metrics.refused_connection(why);
        }
    }
}
