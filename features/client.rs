//! Requests: proper ones, and bytes that no proper client would send. Never follows a redirect, never retries.

use crate::answer::Answer;
use anyhow::{Context, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Url};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Talks to one service.
#[derive(Clone, Debug, Default)]
pub struct Client {
    base: String,
    internal: String,
    http: reqwest::Client,
    http2: reqwest::Client,
}

/// What came of bytes that were sent as they are.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What came back.
    pub received: Vec<u8>,
    /// When the other side closed the connection; `None` while it stayed open.
    pub closed_after: Option<Duration>,
}

impl Client {
    /// For the service at this address, and its internal listener.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(base: &str, internal: &str) -> Result<Self> {
        Self::from_network(base, internal, None)
    }

    /// The same service, asked from a network that nobody else in this run asks from: what it counts by network
    /// (failed log-ins, quotas) then starts anew. Where the machine has no such addresses, the same network.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn elsewhere(&self) -> Result<Self> {
        Self::from_network(&self.base, &self.internal, own_network(&self.base))
    }

    fn from_network(base: &str, internal: &str, network: Option<IpAddr>) -> Result<Self> {
        let build = || {
            reqwest::Client::builder()
                .redirect(Policy::none())
                .timeout(PATIENCE)
                // The service closes idle connections itself: a request must not meet that.
                .pool_idle_timeout(Duration::from_secs(3))
                .local_address(network)
                .no_proxy()
        };
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            internal: internal.trim_end_matches('/').to_owned(),
            http: build().http1_only().build()?,
            http2: build().http2_prior_knowledge().build()?,
        })
    }

    /// Where the service answers.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// GET without anything special.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, target: &str) -> Result<Answer> {
        self.ask(Method::GET, target, HeaderMap::new()).await
    }

    /// A request with these header fields.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn ask(&self, method: Method, target: &str, headers: HeaderMap) -> Result<Answer> {
        let request = self.http.request(method, self.url(target)).headers(headers);
        answer(&self.http, request).await
    }

    /// A request with these header fields and this body.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send_body(
        &self,
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: impl Into<reqwest::Body>,
    ) -> Result<Answer> {
        let request = self.http.request(method, self.url(target)).headers(headers);
        answer(&self.http, request.body(body)).await
    }

    fn url(&self, target: &str) -> String {
        format!("{}{target}", self.base)
    }

    /// GET in HTTP/2, as a client that knows that it is spoken (RFC 9113 §3.3).
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get_by_http2(&self, target: &str) -> Result<Answer> {
        answer(&self.http2, self.http2.get(self.url(target))).await
    }

    /// GET from the internal listener.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get_inside(&self, target: &str) -> Result<Answer> {
        let url = format!("{}{target}", self.internal);
        answer(&self.http, self.http.get(url)).await
    }

    /// Sends these bytes on a connection of their own and reads until it is closed or the time is up.
    ///
    /// # Errors
    /// When nobody answers at the address.
    pub async fn send(&self, bytes: &[u8], patience: Duration) -> Result<Exchange> {
        let url = Url::parse(&self.base)?;
        let host = url.host_str().context("the base URL has no host")?;
        let port = url.port_or_known_default().context("the base URL has no port")?;
        let mut stream = TcpStream::connect((host, port)).await?;
        let begun = Instant::now();
        // A service that has seen enough may close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut received = Vec::new();
        let ended = timeout(patience, stream.read_to_end(&mut received)).await.is_ok();
        let closed_after = ended.then(|| begun.elapsed());
        Ok(Exchange {
            received,
            closed_after,
        })
    }
}

impl Exchange {
    /// The status of the first answer; `None` when nothing like an answer came back.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let line = self.received.split(|byte| *byte == b'\r').next()?;
        std::str::from_utf8(line)
            .ok()?
            .strip_prefix("HTTP/1.1 ")?
            .get(..3)?
            .parse()
            .ok()
    }

    /// How many answers came back.
    #[must_use]
    pub fn answers(&self) -> usize {
        String::from_utf8_lossy(&self.received)
            .matches("HTTP/1.1 ")
            .count()
    }
}

/// Header fields from lines as in `Accept: text/html`; lines are separated by ` | `.
///
/// # Errors
/// When a line is no header field.
pub fn headers(lines: &str) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in lines.split(" | ").filter(|line| !line.trim().is_empty()) {
        let (name, value) = line
            .split_once(':')
            .with_context(|| format!("no header field: {line}"))?;
        headers.append(
            HeaderName::try_from(name.trim())?,
            HeaderValue::try_from(value.trim())?,
        );
    }
    Ok(headers)
}

async fn answer(client: &reqwest::Client, request: RequestBuilder) -> Result<Answer> {
    let request = request.build()?;
    let asked: String = format!("{} {}", request.method(), request.url());
    let asked: String = asked.chars().take(200).collect();
    let begun = Instant::now();
    let response = client.execute(request).await;
    let response = response.with_context(|| format!("no answer to {asked}"))?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await?.to_vec();
    Ok(Answer {
        asked,
        status,
        headers,
        body,
        took: begun.elapsed(),
    })
}

/// An address of the loopback network, by chance, when the service is there and this machine has all of it (Linux).
fn own_network(base: &str) -> Option<IpAddr> {
    let host = Url::parse(base).ok()?.host_str()?.to_owned();
    let own = Ipv4Addr::from(0x7f00_0000 | (chance() as u32 & 0x00ff_ff00) | 7);
    let there = host == "127.0.0.1" && TcpListener::bind((own, 0)).is_ok();
    there.then_some(IpAddr::V4(own))
}

/// 64 random bits: the standard library's maps are seeded by the operating system.
pub fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}
