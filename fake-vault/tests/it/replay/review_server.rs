//! A Kubernetes API server that has one operation, TokenReview, and confirms every JWT that is not expired.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

pub struct ReviewServer {
    pub address: SocketAddr,
    is_down: Arc<AtomicBool>,
}

impl ReviewServer {
    pub fn start() -> ReviewServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let is_down = Arc::new(AtomicBool::new(false));
        let down = Arc::clone(&is_down);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if down.load(Ordering::SeqCst) {
                    return;
                }
                answer(stream);
            }
        });
        ReviewServer { address, is_down }
    }

    /// Ends the server; a connection wakes its thread.
    pub fn stop(&self) {
        self.is_down.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

fn answer(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let review: Value = serde_json::from_slice(&body).unwrap();
    let is_jwt = review["spec"]["token"]
        .as_str()
        .is_some_and(|token| token.split('.').count() == 3);
    let text = json!({"kind": "TokenReview", "status": {"authenticated": is_jwt}}).to_string();
    let head = format!(
        "HTTP/1.1 201 Created\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all((head + &text).as_bytes()).unwrap();
}
