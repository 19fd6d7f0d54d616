//! Serves HTTP/1.1 and HTTP/2 on a connection.

use super::client_stream::ClientStream;
use super::connection::{ClientState, ClientTimeouts, Connection};
use super::connection_limit::{ConnectionSlots, Slot};
use super::frame_limit::FrameLimit;
use super::protocol_errors::{CountedClient, ProtocolErrors};
use super::proxy_protocol;
use super::request_activity::ActiveRequest;
use super::response_body::{ResponseBody, ResponseProgress};
use super::stage::{self, Stage};
use super::stream_executor::StreamExecutor;
use crate::http::edge::rate_limit::RateLimit;
use crate::http::edge::response_budget::ResponseShare;
use crate::telemetry::metrics::Metrics;
use crate::types::trusted_proxies::TrustedProxies;
use http::{HeaderMap, HeaderName, HeaderValue, Version, header};
use hyper::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use poem::endpoint::{BoxEndpoint, Endpoint};
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Request, Response};
use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// Maximum number of concurrent streams of one HTTP/2 connection. Each can hold a response.
const MAX_STREAMS: u32 = 32;

/// Length of the queue of connections that are not accepted yet, as in tokio's own `TcpListener::bind`.
pub(super) const BACKLOG: u32 = 1024;

/// Bytes of responses that a stream or a connection buffers before the client reads them.
pub(super) const SEND_BUFFER_BYTES: u32 = 64 * 1024;

/// How long the first request of a connection may take to arrive after the listener has closed. Its client may have sent it already.
const FIRST_REQUEST_GRACE: Duration = Duration::from_millis(500);

/// Announces the keep-alive timeout to HTTP/1.1 clients.
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Limits on connections.
#[derive(Clone)]
pub struct Limits {
    /// Maximum number of open connections.
    pub connections: usize,
    /// Time limits of clients.
    pub timeouts: ClientTimeouts,
    /// The only permitted peers, which start each connection with a PROXY protocol header. `None`: any peer, without one.
    pub proxy_protocol: Option<TrustedProxies>,
    /// The quotas that malformed requests count for; those of a trusted proxy are its clients'.
    pub quotas: Option<(Arc<RateLimit>, TrustedProxies)>,
}

/// What the connections of a listener share.
pub(super) struct Server {
    endpoint: BoxEndpoint<'static, Response>,
    builder: Builder<StreamExecutor>,
    pub(super) slots: ConnectionSlots,
    timeouts: ClientTimeouts,
    keep_alive: Option<HeaderValue>,
    proxy_protocol: Option<TrustedProxies>,
    quotas: Option<(Arc<RateLimit>, TrustedProxies)>,
    address: SocketAddr,
    metrics: Option<Metrics>,
}

/// The limits of HTTP/1.1 and HTTP/2. They exceed those of the edge, and bound memory before a request reaches it.
fn builder(client_timeout: Duration) -> Builder<StreamExecutor> {
    let mut builder = Builder::new(StreamExecutor::new(client_timeout));
    builder
        .http1()
        .timer(TokioTimer::new())
        // `ClientState` limits the time of a head: the library's timeout would also limit the time between requests.
        .header_read_timeout(None)
        // A client that has shut down its sending side still reads (RFC 9112 §9.6).
        .half_close(true)
        .max_headers(200)
        .max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_send_buf_size(SEND_BUFFER_BYTES as usize)
        .max_header_list_size(32 * 1024)
        .max_pending_accept_reset_streams(20)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(client_timeout);
    builder
}

impl Server {
    /// The server at an address.
    pub(super) fn new(
        endpoint: BoxEndpoint<'static, Response>,
        address: SocketAddr,
        limits: Limits,
        metrics: Option<Metrics>,
    ) -> Self {
        let keep_alive = format!("timeout={}", limits.timeouts.keep_alive.as_secs());
        Self {
            endpoint,
            builder: builder(limits.timeouts.client),
            slots: ConnectionSlots::new(limits.connections),
            timeouts: limits.timeouts,
            keep_alive: HeaderValue::from_str(&keep_alive).ok(),
            proxy_protocol: limits.proxy_protocol,
            quotas: limits.quotas,
            address,
            metrics,
        }
    }

    /// Serves a connection in a task of its own; `false`: there are no more slots.
    pub(super) async fn accept(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        stage: &watch::Receiver<Stage>,
    ) -> bool {
        let Some((slot, evicted)) = self.slots.take().await else {
            return false;
        };
        if evicted {
            self.refused("evicted");
        }
        tokio::spawn(Arc::clone(self).serve(stream, peer, slot, stage.clone()));
        true
    }

    /// Closes the socket, after the connections that the system has accepted: it would reset them, with their requests. Those that
    /// arrive meanwhile cannot make this last: there are at most as many as the queue is long.
    pub(super) async fn accept_waiting(
        self: &Arc<Self>,
        socket: TcpListener,
        stage: &watch::Receiver<Stage>,
    ) {
        // The runtime may not know of the newest ones yet.
        let Ok(socket) = socket.into_std() else { return };
        for _ in 0..=BACKLOG {
            match socket.accept() {
                Ok((stream, peer)) => {
                    let stream = stream
                        .set_nonblocking(true)
                        .and_then(|()| TcpStream::from_std(stream));
                    if let Ok(stream) = stream
                        && !self.accept(stream, peer, stage).await
                    {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => wait_after(&error).await,
            }
        }
    }

    /// Serves a connection until it ends.
    async fn serve(
        self: Arc<Self>,
        mut stream: TcpStream,
        peer: SocketAddr,
        slot: Slot,
        mut stage: watch::Receiver<Stage>,
    ) {
        self.count(1);
        let client = tokio::select! {
            client = self.read_client(&mut stream, peer) => client,
            () = slot.connection.evicted() => None,
            () = first_request_grace(&mut stage) => None,
        };
        let Some(client) = client else {
            self.count(-1);
            return;
        };
        // Responses are written at once: Nagle's algorithm would only delay them.
        let _ = stream.set_nodelay(true);
        let state = &slot.connection;
        let stream = ClientStream::new(stream, Arc::clone(state));
        let stream = ProtocolErrors::new(stream, Arc::clone(state), self.counted(client.ip()));
        let io = TokioIo::new(FrameLimit::new(stream));
        let stage_now = stage.clone();
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let version = request.version();
            let active = state.begin_request(version == Version::HTTP_2);
            let persistent = version == Version::HTTP_11 && !requests_close(request.headers());
            let stage = stage_now.clone();
            let request = Request::from((
                request,
                LocalAddr(Addr::SocketAddr(self.address)),
                RemoteAddr(Addr::SocketAddr(client)),
                Scheme::HTTP,
            ));
            let (server, state) = (Arc::clone(&self), Arc::clone(state));
            async move {
                let response = server.endpoint.get_response(request).await;
                let mut response = begin_response(response.into(), active, &state, version);
                if persistent && *stage.borrow() == Stage::Serving {
                    server.announce_keep_alive(response.headers_mut());
                } else if persistent {
                    response
                        .headers_mut()
                        .insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let mut connection = pin!(self.builder.serve_connection(io, service));
        let mut check = tokio::time::interval(self.timeouts.client / 8);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut closing, mut stop_handled) = (false, false);
        let mut first_request = stage.clone();
        let mut first_request = pin!(first_request_grace(&mut first_request));
        loop {
            tokio::select! {
                _ = &mut connection => break,
                () = state.evicted() => break,
                _ = check.tick() => match state.client_state(self.timeouts) {
                    ClientState::Active => {}
                    ClientState::Silent => {
                        self.refused("silent");
                        break;
                    }
                    ClientState::Slow => {
                        self.refused("slow");
                        break;
                    }
                    ClientState::Idle(excess) if excess >= self.timeouts.client => break,
                    ClientState::Idle(_) if closing => {}
                    ClientState::Idle(_) => {
                        closing = true;
                        connection.as_mut().graceful_shutdown();
                    }
                },
                () = stage::closing(&mut stage), if !stop_handled => {
                    stop_handled = true;
                    // The library would close a connection of which it has read nothing yet.
                    if state.has_received_request() {
                        closing = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
                () = &mut first_request, if stop_handled && !closing => {
                    closing = true;
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
        let reason = match tokio::time::timeout(self.timeouts.client, reading).await {
            Ok(Ok(client)) => return Some(client),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no header in time".to_owned(),
        };
        tracing::debug!(%peer, reason, "connection without a valid PROXY protocol header closed");
        self.refused("no proxy header");
        None
    }

    fn counted(&self, address: IpAddr) -> Option<CountedClient> {
        let (rate_limit, proxies) = self.quotas.as_ref()?;
        (!proxies.contains(address)).then(|| CountedClient {
            rate_limit: Arc::clone(rate_limit),
            address,
        })
    }

    /// Announces how long the connection can be used again, so that a client does not send into one that closes.
    fn announce_keep_alive(&self, headers: &mut HeaderMap) {
        if let Some(timeout) = self
            .keep_alive
            .as_ref()
            .filter(|_| !headers.contains_key(header::CONNECTION))
        {
            headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
            headers.insert(KEEP_ALIVE, timeout.clone());
        }
    }

    fn count(&self, change: i64) {
        if let Some(metrics) = &self.metrics {
            metrics.connection(change);
        }
    }

    /// Counts a connection that the server closes.
    pub(super) fn refused(&self, why: &'static str) {
        if let Some(metrics) = &self.metrics {
            metrics.refused_connection(why);
        }
    }
}

/// The listener goes on after an error: too many files are open, or the client has disconnected.
pub(super) async fn wait_after(error: &std::io::Error) {
    tracing::warn!(%error, "cannot accept a connection");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// Resolves when a connection without a request has had its time since the listener has closed.
async fn first_request_grace(stage: &mut watch::Receiver<Stage>) {
    stage::closing(stage).await;
    tokio::time::sleep(FIRST_REQUEST_GRACE).await;
}

/// Watches the progress of a response from now on.
fn begin_response<B: Body<Data = bytes::Bytes>>(
    mut response: http::Response<B>,
    request: ActiveRequest,
    connection: &Connection,
    version: Version,
) -> http::Response<ResponseBody<B>> {
    let share = response.extensions_mut().remove::<Arc<ResponseShare>>();
    let size = response.body().size_hint().lower();
    let progress = Arc::new(ResponseProgress::new(size, request, share));
    if version == Version::HTTP_2 {
        StreamExecutor::watch(&progress);
    } else {
        connection.begin_response(Arc::clone(&progress));
    }
    response.map(|body| ResponseBody::new(body, progress))
}

/// Whether the client closes the connection after this request.
fn requests_close(headers: &HeaderMap) -> bool {
    let mut fields = headers.get_all(header::CONNECTION).iter();
    fields.any(|field| {
        let text = field.to_str().unwrap_or_default();
        text.split(',')
            .any(|option| option.trim().eq_ignore_ascii_case("close"))
    })
}
