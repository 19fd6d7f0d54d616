//! A server that is insecure on purpose: it checks no token, fails on what is no number, reflects its input, and sends no
//! security headers but its version.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Result;

/// Links to the reflecting page, so that a crawler finds it.
const ROOT: &str = "<!doctype html><title>Bad</title><a href=\"/echo?q=1\">Echo</a>";

/// It stops when this is dropped.
#[derive(Debug)]
pub struct BadServer {
    /// On 127.0.0.1.
    pub port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl BadServer {
    /// Starts on a free port and serves the document as `/openapi.json`.
    pub fn start(document: String) -> Result<BadServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, document) = (Arc::clone(&stop), Arc::<str>::from(document));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let document = Arc::clone(&document);
                if let Ok(stream) = stream {
                    thread::spawn(move || serve(stream, &document));
                }
            }
        });
        Ok(BadServer {
            port,
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for BadServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _wakes_the_listener = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}

/// Answers one request; a malformed one gets no response.
fn serve(mut stream: TcpStream, document: &str) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?).take(1 << 20);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let target = first.split(' ').nth(1)?.to_owned();
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).ok()? > 2 {
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    // An unread body would reset the connection.
    let _body = std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink());
    let (status, kind, body) = response(&target, document);
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nServer: bad/1.0\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let body = if first.starts_with("HEAD ") {
        ""
    } else {
        body.as_str()
    };
    stream.write_all((head + body).as_bytes()).ok()
}

/// The same for every method.
fn response(target: &str, document: &str) -> (&'static str, &'static str, String) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if let Some(id) = path.strip_prefix("/items/") {
        return match id.parse::<i64>() {
            Ok(id) => ("200 OK", "application/json", format!("{{\"id\":\"{id}\"}}")),
            Err(error) => (
                "500 Internal Server Error",
                "text/plain",
                format!("panicked at src/items.rs:12: {error}"),
            ),
        };
    }
    match path {
        "/" => ("200 OK", "text/html", ROOT.to_owned()),
        "/openapi.json" => ("200 OK", "application/json", document.to_owned()),
        "/echo" => {
            let mut fields = form_urlencoded::parse(query.as_bytes());
            let input = fields.find_map(|(name, value)| (name == "q").then_some(value));
            let input = input.unwrap_or_default();
            ("200 OK", "text/html", format!("<!doctype html><p>{input}</p>"))
        }
        _ => ("404 Not Found", "text/plain", "nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::http_client::{Request, send};

    #[test]
    fn it_has_every_planted_weakness() {
        let server = BadServer::start("{}".to_owned()).unwrap();
        let send_to = |method: &str, target: &str| {
            let request = Request {
                method,
                target,
                ..Request::default()
            };
            send(server.port, &request, Duration::from_secs(5)).unwrap()
        };
        assert_eq!(send_to("GET", "/items/1").status, 200, "without a token");
        assert_eq!(send_to("GET", "/items/x").status, 500);
        assert_eq!(send_to("TRACE", "/items/1").status, 200);
        assert_eq!(send_to("GET", "/openapi.json").body, "{}");
        let echo = send_to("GET", "/echo?q=%3Cscript%3E+1");
        assert!(echo.body.contains("<script> 1"), "{}", echo.body);
        assert_eq!(echo.header("server"), Some("bad/1.0"));
        assert_eq!(echo.header("content-security-policy"), None);
        assert_eq!(send_to("HEAD", "/echo").body, "");
        let port = server.port;
        drop(server);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    }
}
