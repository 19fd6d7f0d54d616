//! A frozen database: it keeps its connections and says nothing. Every request ends all the same, and afterwards all is well.
use crate::support::app::{App, wait_for};
use crate::support::data::{QUERY, small};
use crate::support::database::Database;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

/// A relay between service and server that can stop passing bytes on, without closing anything.
struct Relay {
    port: u16,
    frozen: Arc<AtomicBool>,
}

impl Relay {
    fn to(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let frozen = Arc::new(AtomicBool::new(false));
        let state = Arc::clone(&frozen);
        spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&address) else {
                    continue;
                };
                pass(
                    client.try_clone().unwrap(),
                    server.try_clone().unwrap(),
                    Arc::clone(&state),
                );
                pass(server, client, Arc::clone(&state));
            }
        });
        Self { port, frozen }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, frozen: Arc<AtomicBool>) {
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

/// A5, and "never a hang": readiness says so within 3 s, requests end as 503, and it all works again afterwards.
#[test]
fn a_frozen_database_hangs_nobody() {
    let database = Database::with(&small());
    let pairs = database.pairs();
    let value = |name: &str| pairs.iter().find(|(key, _)| key == name).unwrap().1.clone();
    let relay = Relay::to(format!("{}:{}", value("DATABASE_HOST"), value("DATABASE_PORT")));
    let app = App::start(&database.settings(&[
        ("DATABASE_HOST", "127.0.0.1"),
        ("DATABASE_PORT", &relay.port.to_string()),
        ("DATABASE_WAIT", "500"),
        ("DATABASE_STATEMENT_TIMEOUT", "500"),
    ]));
    wait_for(200, Duration::from_secs(5), || app.get("/health/ready"));
    assert_eq!(app.get(QUERY).status, 200);
    relay.frozen.store(true, Ordering::Relaxed);
    for path in [QUERY, "/ports", QUERY, "/regions", QUERY, QUERY] {
        let begun = Instant::now();
        let answer = app.get(path);
        answer.problem(503);
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "{path}: {:?}",
            begun.elapsed()
        );
    }
    let begun = Instant::now();
    assert_eq!(app.get("/health/ready").status, 503);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(app.get("/health/live").status, 200);
    relay.frozen.store(false, Ordering::Relaxed);
    wait_for(200, Duration::from_secs(5), || app.get("/health/ready"));
    assert_eq!(app.get(QUERY).status, 200);
}
