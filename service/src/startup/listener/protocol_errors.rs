//! Problem documents for errors of the HTTP library. A malformed request line or an oversized head never reaches the
//! edge: hyper responds with a bare status, which this stream replaces by a problem document with all headers.

use super::connection::Connection;
use crate::http::contract::problem::Problem;
use crate::http::edge::{rate_limit::RateLimit, request_id::RequestIds, security_headers as headers};
use http::{HeaderMap, StatusCode};
use std::fmt::Write;
use std::io::{IoSlice, Result};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The client that malformed requests are counted for.
pub struct CountedClient {
    /// Its quota.
    pub rate_limit: Arc<RateLimit>,
    /// Its address.
    pub address: IpAddr,
}

/// A stream that replaces bare error responses.
pub struct ProtocolErrors<S> {
    stream: S,
    connection: Arc<Connection>,
    /// `None`: malformed requests are not counted.
    client: Option<CountedClient>,
    /// The response to write instead, and how much of it is written.
    replacement: Vec<u8>,
    written: usize,
}

impl<S: AsyncWrite + Unpin> ProtocolErrors<S> {
    /// Replaces the bare error responses on this stream.
    pub fn new(stream: S, connection: Arc<Connection>, client: Option<CountedClient>) -> Self {
        Self {
            stream,
            connection,
            client,
            replacement: Vec::new(),
            written: 0,
        }
    }

    /// The status of a bare error response. Only looked for while no response of ours is under way, because a write may
    /// begin anywhere in a body, and people's text may look like a response.
    fn bare_status(&self, bytes: &[u8]) -> Option<StatusCode> {
        bare_status(bytes).filter(|_| self.connection.awaits_http1_request())
    }

    fn write_replacement(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while self.written < self.replacement.len() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.replacement[self.written..]))?;
            if count == 0 {
                return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
        }
        Poll::Ready(Ok(()))
    }
}

/// The status of a 4xx response head that did not come from the edge: all responses of the edge carry a request id.
fn bare_status(bytes: &[u8]) -> Option<StatusCode> {
    let head = bytes.strip_prefix(b"HTTP/1.1 4")?;
    let tens = head.get(..2)?;
    let is_bare = !head
        .windows(12)
        .any(|part| part.eq_ignore_ascii_case(b"x-request-id"));
    let code = 400 + u16::from(tens[0].wrapping_sub(b'0')) * 10 + u16::from(tens[1].wrapping_sub(b'0'));
    StatusCode::from_u16(code).ok().filter(|_| is_bare)
}

fn with_problem_body(status: StatusCode, client: Option<&CountedClient>) -> Vec<u8> {
    let ids = RequestIds::of(&HeaderMap::new());
    let quota = client.map(|client| (client, client.rate_limit.check(client.address)));
    let problem = match (status, quota) {
        (_, Some((_, Err(limited)))) => Problem::from(limited),
        (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, _) => Problem::new(
            status,
            "request-header-fields-too-large",
            "the request header fields are too large or too many",
        ),
        (StatusCode::URI_TOO_LONG, _) => {
            Problem::new(status, "target-too-long", "the request URI is too long")
        }
        _ => Problem::new(status, "malformed-request", "the request is not well-formed HTTP"),
    };
    let status = problem.status;
    if status != StatusCode::TOO_MANY_REQUESTS {
        // Beyond the quota they write no lines either.
        tracing::info!(
            request_id = ids.request_id.own,
            status = status.as_u16(),
            "malformed request rejected"
        );
    }
    let (mut parts, body) = problem.into_parts(&ids.request_id);
    if let Some((client, checked)) = quota {
        client.rate_limit.write(&checked, &mut parts);
    }
    ids.write(&mut parts);
    headers::write(&mut parts);
    let mut head = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in &parts {
        let _ = write!(head, "{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    head.push_str("\r\n");
    [head.into_bytes(), body].concat()
}

impl<S: AsyncWrite + AsyncRead + Unpin> AsyncRead for ProtocolErrors<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ProtocolErrors<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        if let Some(status) = self.bare_status(bytes) {
            (self.replacement, self.written) = (with_problem_body(status, self.client.as_ref()), 0);
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        if let Some(status) = slices.first().and_then(|first| self.bare_status(first)) {
            (self.replacement, self.written) = (with_problem_body(status, self.client.as_ref()), 0);
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.write_replacement(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.write_replacement(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn idle() -> Arc<Connection> {
        Arc::new(Connection::new(std::time::Instant::now()))
    }

    async fn through(connection: Arc<Connection>, response: &str) -> String {
        let (server, mut client) = tokio::io::duplex(1 << 16);
        let mut stream = ProtocolErrors::new(server, connection, None);
        stream.write_all(response.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        drop(stream);
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        text
    }

    const BARE: &str = "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n";

    #[tokio::test]
    async fn a_bare_error_gets_a_problem_document_and_other_responses_pass() {
        let text = through(idle(), BARE).await;
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 431 ") && head.contains("x-frame-options: deny"),
            "{head}"
        );
        assert!(
            body.contains(r#""status":431"#) && head.contains(&format!("content-length: {}", body.len()))
        );
        for response in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\nx-request-id: a\r\ncontent-length: 0\r\n\r\n",
        ] {
            assert_eq!(through(idle(), response).await, response);
        }
    }

    #[tokio::test]
    async fn bytes_of_our_own_responses_are_never_replaced() {
        let connection = idle();
        let request = connection.begin_request(false);
        assert_eq!(through(Arc::clone(&connection), BARE).await, BARE);
        drop(request);
        assert_ne!(through(connection, BARE).await, BARE);
        let http2 = idle();
        drop(http2.begin_request(true));
        assert_eq!(through(http2, BARE).await, BARE);
    }
}
