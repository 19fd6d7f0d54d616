//! A minimal HTTP/1.1 client for 127.0.0.1: one request per connection, no redirects. An HTTP library would not send the
//! malformed `Host` and `Content-Length` fields that the gate's probes need.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// `GET`.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Header fields. `Host` and `Content-Length` are added unless they are given.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a str,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// The status of a GET request on this port; `None` without a response within two seconds.
pub fn status(port: u16, path: &str) -> Option<u16> {
    let request = Request {
        method: "GET",
        target: path,
        ..Request::default()
    };
    let response = send(port, &request, Duration::from_secs(2)).ok()?;
    Some(response.status)
}

/// Sends a request to this port with an access token, if one is given, and a JSON body, unless it is empty.
pub fn send_json(
    port: u16,
    method: &str,
    target: &str,
    token: Option<&str>,
    body: &str,
    timeout: Duration,
) -> Result<Response> {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let bearer = bearer.iter().map(|bearer| ("Authorization", bearer.as_str()));
    let content_type = (!body.is_empty()).then_some(("Content-Type", "application/json"));
    let headers: Vec<(&str, &str)> = bearer.chain(content_type).collect();
    let request = Request {
        method,
        target,
        headers: &headers,
        body,
    };
    send(port, &request, timeout)
}

/// Sends a request to this port; the timeout is for each read and write.
pub fn send(port: u16, request: &Request<'_>, timeout: Duration) -> Result<Response> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    let given = |wanted: &str| {
        request
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    if !given("Host") {
        text += &format!("Host: 127.0.0.1:{port}\r\n");
    }
    for (name, value) in request.headers {
        text += &format!("{name}: {value}\r\n");
    }
    if !request.body.is_empty() && !given("Content-Length") {
        text += &format!("Content-Length: {}\r\n", request.body.len());
    }
    text += "Connection: close\r\n\r\n";
    // A server that rejects a body may close before all of it is sent; the response counts.
    let sent = stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.write_all(request.body.as_bytes()));
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    // Some servers ignore `Connection: close`, so the length decides where the response ends.
    loop {
        if let Some(response) = parse(&bytes, false) {
            return Ok(response);
        }
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if bytes.is_empty() || error.kind() != ErrorKind::ConnectionReset => {
                return Err(sent.err().unwrap_or(error).into());
            }
            Err(_) => break,
        }
    }
    parse(&bytes, true).context("no HTTP response")
}

impl Response {
    /// The first value of a field, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All values of a field, given in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let fields = self.headers.iter().filter(move |(found, _)| found == name);
        fields.map(|(_, value)| value.as_str())
    }
}

/// `None` while the response is incomplete. Without a length it ends when the connection is closed.
fn parse(bytes: &[u8], closed: bool) -> Option<Response> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let (first, fields) = head.split_once("\r\n").unwrap_or((&head, ""));
    let headers = fields
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut response = Response {
        status: first.split(' ').nth(1)?.parse().ok()?,
        headers,
        body: String::new(),
    };
    let body = &bytes[end + 4..];
    let length: Option<usize> = response
        .header("content-length")
        .and_then(|length| length.parse().ok());
    let body = if response
        .all("transfer-encoding")
        .any(|value| value.contains("chunked"))
    {
        without_chunks(body)?
    } else if closed || length.is_some_and(|length| body.len() >= length) {
        body.to_vec()
    } else {
        return None;
    };
    response.body = String::from_utf8_lossy(&body).into_owned();
    Some(response)
}

/// RFC 9112 §7.1; `None` when the last chunk is missing.
fn without_chunks(mut raw: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = raw.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&raw[..line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(raw.get(line + 2..line + 2 + size)?);
        raw = raw.get(line + 2 + size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    /// Serves one connection.
    fn serve(respond: impl FnOnce(TcpStream) + Send + 'static) -> (u16, JoinHandle<()>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || respond(listener.accept().unwrap().0));
        (port, server)
    }

    #[test]
    fn reads_the_status() {
        let (port, _server) = serve(|mut stream| {
            let mut request = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while reader.read_line(&mut request).unwrap() > 2 {}
            assert!(request.starts_with("GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1:"));
            stream
                .write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
                .unwrap();
        });
        assert_eq!(status(port, "/health/ready"), Some(503));
        assert_eq!(status(port, "/health/ready"), None, "the server is gone");
    }

    #[test]
    fn content_length_ends_a_response_on_an_open_connection() {
        let (port, server) = serve(|mut stream| {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                .unwrap();
            // Open until the client has gone.
            let _gone = stream.read_to_end(&mut Vec::new());
        });
        assert_eq!(status(port, "/status"), Some(200));
        server.join().unwrap();
    }

    #[test]
    fn fields_and_bodies_are_parsed_completely_or_not_at_all() {
        let plain = parse(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:2 \r\n\r\nbody", true).unwrap();
        assert_eq!((plain.status, plain.body.as_str()), (200, "body"));
        assert_eq!(plain.all("x-a").collect::<Vec<_>>(), ["1", "2"]);
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunked =
            |body: &str| parse(format!("{head}{body}").as_bytes(), true).map(|response| response.body);
        assert_eq!(
            chunked("4\r\nWiki\r\n6;x=y\r\npedia.\r\n0\r\n\r\n").as_deref(),
            Some("Wikipedia.")
        );
        assert_eq!(chunked("4\r\nWiki\r\n6\r\nped"), None);
        assert_eq!(parse(b"nonsense", true), None);
    }
}
