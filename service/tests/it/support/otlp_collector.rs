//! An OTLP collector that records what is posted, by path.

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
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let posts = Posts::default();
        let recorded = Arc::clone(&posts);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let recorded = Arc::clone(&recorded);
                std::thread::spawn(move || record(stream, &recorded));
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
fn record(stream: TcpStream, posts: &Posts) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut length = 0;
        loop {
            let mut field = String::new();
            reader.read_line(&mut field).ok()?;
            if field.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = field
                .split_once(':')
                .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            {
                assert!(!name.is_empty());
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        posts.lock().unwrap().entry(path).or_default().push(body);
        writer
            .write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n",
            )
            .ok()?;
    }
}
