//! A TCP proxy in front of a database server that can freeze: connections stay open but no data passes.

use super::database::Server;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{sleep, spawn};
use std::time::Duration;

/// A proxy between service and database server.
pub struct TcpProxy {
    port: String,
    frozen: Arc<AtomicBool>,
}

impl TcpProxy {
    /// Starts a proxy to a server.
    pub fn to(server: &Server) -> Self {
        let address = format!("{}:{}", server.host, server.port);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let frozen = Arc::new(AtomicBool::new(false));
        let state = Arc::clone(&frozen);
        spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&address) else {
                    continue;
                };
                forward(
                    client.try_clone().unwrap(),
                    server.try_clone().unwrap(),
                    Arc::clone(&state),
                );
                forward(server, client, Arc::clone(&state));
            }
        });
        Self { port, frozen }
    }

    /// Stops forwarding data; connections stay open.
    pub fn freeze(&self) {
        self.frozen.store(true, Ordering::Relaxed);
    }

    /// Forwards data again, including what was held back.
    pub fn thaw(&self) {
        self.frozen.store(false, Ordering::Relaxed);
    }

    /// Settings that connect through the proxy, with database timeouts of half a second.
    pub fn short_timeout_settings(&self) -> [(&str, &str); 4] {
        [
            ("DATABASE_HOST", "127.0.0.1"),
            ("DATABASE_PORT", &self.port),
            ("DATABASE_ACQUIRE_TIMEOUT", "500"),
            ("DATABASE_STATEMENT_TIMEOUT", "500"),
        ]
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, frozen: Arc<AtomicBool>) {
    spawn(move || {
        let mut buffer = [0; 16_384];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            while frozen.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(5));
            }
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}
