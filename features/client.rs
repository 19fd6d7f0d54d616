//! HTTP requests over HTTP/1.1 and HTTP/2, and raw bytes that no HTTP client would send. Never follows redirects or retries.

use crate::response::Response;
use anyhow::{Context, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Method, RequestBuilder, Url};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// A client of one service.
#[derive(Clone, Debug, Default)]
pub struct Client {
    base: String,
    internal: String,
    authority: Option<Certificate>,
    http: reqwest::Client,
    http2: reqwest::Client,
}

/// Result of raw bytes on a connection of their own.
#[derive(Clone, Debug)]
pub struct RawExchange {
    /// Bytes received.
    pub received: Vec<u8>,
    /// Time until the server closed the connection; `None` if it stayed open.
    pub closed_after: Option<Duration>,
}

impl Client {
    /// For the service at `base` and its internal listener at `internal`. With an authority, no other is trusted.
    pub fn new(base: &str, internal: &str, authority: Option<Certificate>) -> Result<Self> {
        Self::from_network(base, internal, authority, None)
    }

    /// A client of the same service with a source address that no other client of this run has: limits per network
    /// (failed logins, quotas) then start anew. Without such loopback addresses, the source address is the usual one.
    pub fn in_own_network(&self) -> Result<Self> {
        let network = own_network(&self.base);
        Self::from_network(&self.base, &self.internal, self.authority.clone(), network)
    }

    fn from_network(
        base: &str,
        internal: &str,
        authority: Option<Certificate>,
        network: Option<IpAddr>,
    ) -> Result<Self> {
        let build = || {
            let builder = match &authority {
                Some(authority) => reqwest::Client::builder().tls_certs_only([authority.clone()]),
                None => reqwest::Client::builder(),
            };
            builder
                .redirect(Policy::none())
                .timeout(REQUEST_TIMEOUT)
                // Shorter than the idle timeout of the service, so that no request meets a closing connection.
                .pool_idle_timeout(Duration::from_secs(3))
                .local_address(network)
                .no_proxy()
        };
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            internal: internal.trim_end_matches('/').to_owned(),
            http: build().http1_only().build()?,
            http2: build().http2_prior_knowledge().build()?,
            authority,
        })
    }

    /// Base URL of the service.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// GET without extra header fields.
    pub async fn get(&self, target: &str) -> Result<Response> {
        self.send(Method::GET, target, HeaderMap::new()).await
    }

    /// A request without a body.
    pub async fn send(&self, method: Method, target: &str, headers: HeaderMap) -> Result<Response> {
        let request = self.http.request(method, self.url(target)).headers(headers);
        execute(&self.http, request).await
    }

    /// A request with a body.
    pub async fn send_body(
        &self,
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: impl Into<reqwest::Body>,
    ) -> Result<Response> {
        let request = self.http.request(method, self.url(target)).headers(headers);
        execute(&self.http, request.body(body)).await
    }

    fn url(&self, target: &str) -> String {
        format!("{}{target}", self.base)
    }

    /// GET over HTTP/2 with prior knowledge (RFC 9113 §3.3).
    pub async fn get_over_http2(&self, target: &str) -> Result<Response> {
        execute(&self.http2, self.http2.get(self.url(target))).await
    }

    /// GET from the internal listener.
    pub async fn get_internal(&self, target: &str) -> Result<Response> {
        let url = format!("{}{target}", self.internal);
        execute(&self.http, self.http.get(url)).await
    }

    /// Sends raw bytes on a new connection and reads until the server closes it or the timeout expires.
    pub async fn send_raw(&self, bytes: &[u8], close_timeout: Duration) -> Result<RawExchange> {
        let url = Url::parse(&self.base)?;
        let host = url.host_str().context("the base URL has no host")?;
        let port = url.port_or_known_default().context("the base URL has no port")?;
        let mut stream = TcpStream::connect((host, port)).await?;
        let start = Instant::now();
        // The service may close the connection before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut received = Vec::new();
        let is_closed = timeout(close_timeout, stream.read_to_end(&mut received))
            .await
            .is_ok();
        Ok(RawExchange {
            received,
            closed_after: is_closed.then(|| start.elapsed()),
        })
    }
}

impl RawExchange {
    /// Status of the first response; `None` if there is none.
    pub fn status(&self) -> Option<u16> {
        let line = self.received.split(|byte| *byte == b'\r').next()?;
        std::str::from_utf8(line)
            .ok()?
            .strip_prefix("HTTP/1.1 ")?
            .get(..3)?
            .parse()
            .ok()
    }

    /// Number of responses.
    pub fn response_count(&self) -> usize {
        self.text().matches("HTTP/1.1 ").count()
    }

    /// The bytes received, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}

/// Parses header fields such as `Accept: text/html`, separated by ` | `.
pub fn headers(lines: &str) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in lines.split(" | ").filter(|line| !line.trim().is_empty()) {
        let (name, value) = line
            .split_once(':')
            .with_context(|| format!("not a header field: {line}"))?;
        headers.append(
            HeaderName::try_from(name.trim())?,
            HeaderValue::try_from(value.trim())?,
        );
    }
    Ok(headers)
}

async fn execute(client: &reqwest::Client, request: RequestBuilder) -> Result<Response> {
    let request = request.build()?;
    let description: String = format!("{} {}", request.method(), request.url());
    let description: String = description.chars().take(200).collect();
    let start = Instant::now();
    let response = client.execute(request).await;
    let response = response.with_context(|| format!("no response to {description}"))?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await?.to_vec();
    Ok(Response {
        request: description,
        status,
        headers,
        body,
        elapsed: start.elapsed(),
    })
}

/// A random loopback address, if the service is on 127.0.0.1 and the machine has all of 127.0.0.0/8 (Linux).
fn own_network(base: &str) -> Option<IpAddr> {
    let host = Url::parse(base).ok()?.host_str()?.to_owned();
    let own = Ipv4Addr::from(0x7f00_0000 | (random_u64() as u32 & 0x00ff_ff00) | 7);
    let is_usable = host == "127.0.0.1" && TcpListener::bind((own, 0)).is_ok();
    is_usable.then_some(IpAddr::V4(own))
}

/// 64 random bits: the operating system seeds the hash maps of the standard library.
pub fn random_u64() -> u64 {
    RandomState::new().build_hasher().finish()
}
