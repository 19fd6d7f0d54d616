//! A TCP proxy in front of a database server that can freeze, so that connections stay open but no data passes, and that can
//! drop connections when they are next used.

use super::database::Server;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{sleep, spawn};
use std::time::Duration;

/// A proxy between service and database server.
pub struct TcpProxy {
    port: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    frozen: AtomicBool,
    /// Connections of an earlier epoch are closed when the client next sends.
    epoch: AtomicU32,
}

impl TcpProxy {
    /// Starts a proxy to a server.
    pub fn to(server: &Server) -> Self {
        let address = format!("{}:{}", server.host, server.port);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&address) else {
                    continue;
                };
                forward(
                    client.try_clone().unwrap(),
                    server.try_clone().unwrap(),
                    Arc::clone(&shared),
                );
                forward(server, client, Arc::clone(&shared));
            }
        });
        Self { port, state }
    }

    /// Stops forwarding data; connections stay open.
    pub fn freeze(&self) {
        self.state.frozen.store(true, Ordering::Relaxed);
    }

    /// Forwards data again, including what was held back.
    pub fn thaw(&self) {
        self.state.frozen.store(false, Ordering::Relaxed);
    }

    /// Closes each present connection as soon as the service sends something over it.
    pub fn drop_on_next_use(&self) {
        self.state.epoch.fetch_add(1, Ordering::Relaxed);
    }

    /// Settings that connect through the proxy.
    pub fn settings(&self) -> [(&str, &str); 2] {
        [("DATABASE_HOST", "127.0.0.1"), ("DATABASE_PORT", &self.port)]
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

fn forward(mut from: TcpStream, mut to: TcpStream, state: Arc<State>) {
    let epoch = state.epoch.load(Ordering::Relaxed);
    spawn(move || {
        let mut buffer = [0; 16_384];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if state.epoch.load(Ordering::Relaxed) != epoch {
                break;
            }
            while state.frozen.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(5));
            }
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(std::net::Shutdown::Both);
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}
