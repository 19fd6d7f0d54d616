//! An OTLP collector that records what is posted, by path.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

type Posts = Arc<Mutex<HashMap<String, Vec<Vec<u8>>>>>;

/// The collector.
pub struct OtlpCollector {
    /// Its base URL.
    pub url: String,
    posts: Posts,
}

impl OtlpCollector {
    /// Starts on a free port, for the lifetime of the process.
    pub fn start() -> Self {
        Self::start_with("http", record)
    }

    /// The same over TLS.
    pub fn start_tls(config: Arc<ServerConfig>) -> Self {
        Self::start_with("https", move |stream, posts| {
            let session = ServerConnection::new(Arc::clone(&config)).ok()?;
            record(StreamOwned::new(session, stream), posts)
        })
    }

    fn start_with(
        scheme: &str,
        serve: impl Fn(TcpStream, &Posts) -> Option<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let posts = Posts::default();
        let (recorded, serve) = (Arc::clone(&posts), Arc::new(serve));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (recorded, serve) = (Arc::clone(&recorded), Arc::clone(&serve));
                std::thread::spawn(move || serve(stream, &recorded));
            }
        });
        Self { url, posts }
    }

    /// The bodies that were posted to a path.
    pub fn posts(&self, path: &str) -> Vec<Vec<u8>> {
        self.posts.lock().unwrap().get(path).cloned().unwrap_or_default()
    }
}

/// Records the requests of one connection until it ends.
fn record(stream: impl Read + Write, posts: &Posts) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut length = 0;
        loop {
            let mut field = String::new();
            stream.read_line(&mut field).ok()?;
            if field.trim().is_empty() {
                break;
            }
            if let Some((_, value)) = field
                .split_once(':')
                .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        posts.lock().unwrap().entry(path).or_default().push(body);
        let response =
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        let writer = stream.get_mut();
        writer.write_all(response).and_then(|()| writer.flush()).ok()?;
    }
}
