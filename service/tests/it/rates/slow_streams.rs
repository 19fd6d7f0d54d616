//! Clients that read streamed answers slowly, while others wait for a connection.

use crate::support::app::{App, send};
use crate::support::lane_data::{streams_in_use, year_of_lanes};
use crate::support::raw_connection::RawConnection;
use crate::support::wait::wait_until_within;
use serde_json::json;
use std::io::Read;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

/// B17: Slow clients that hold all connections for streams lose them to others after ten seconds, visibly.
#[test]
fn slow_clients_yield_to_others() {
    let database = year_of_lanes(1);
    let app = App::start(&database.settings(&[("TRUSTED_PROXIES", "127.0.0.1")]));
    let lane = json!({"orig_code": "XX000", "dest_code": "EETLL"});
    let days = |lanes: usize| {
        json!({"date_from": "2020-01-01", "date_to": "2020-12-31", "lanes": vec![&lane; lanes]}).to_string()
    };
    let body = days(1000);
    let slow: Vec<RawConnection> = ["192.0.2.1", "192.0.2.1", "198.51.100.1", "198.51.100.1"]
        .iter()
        .map(|client| {
            let mut raw = RawConnection::connect_with_receive_buffer(app.address, 4096);
            raw.send(format!(
                "POST /rates/query HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {client}\r\nConnection: close\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ));
            raw
        })
        .collect();
    scope(|scope| {
        let readers: Vec<_> = slow
            .into_iter()
            .map(|mut raw| scope.spawn(move || read_slowly(&mut raw)))
            .collect();
        wait_until_within(Duration::from_secs(30), "all connections are in use", || {
            streams_in_use(&database.server, &database.name) == 4
        });
        let query = || {
            let request = app
                .request("POST", "/rates/query")
                .header("X-Forwarded-For", "203.0.113.1");
            send(request.header("Content-Type", "application/json").body(days(1))).status
        };
        let start = Instant::now();
        while query() != 200 {
            assert!(
                start.elapsed() < Duration::from_secs(40),
                "slow clients hold every connection"
            );
        }
        println!("answered after {:?}", start.elapsed());
        let complete = readers.into_iter().filter_map(|reader| reader.join().ok());
        assert!(
            complete.filter(|is_complete| !is_complete).count() >= 1,
            "none was aborted"
        );
    });
}

/// Reads about 200 KB per second, at most for 20 seconds, then fast. Returns whether the answer is complete.
fn read_slowly(raw: &mut RawConnection) -> bool {
    let (start, mut received, mut buffer) = (Instant::now(), Vec::new(), [0; 20_000]);
    while start.elapsed() < Duration::from_secs(20) {
        match raw.0.read(&mut buffer) {
            Ok(count @ 1..) => received.extend_from_slice(&buffer[..count]),
            _ => return received.ends_with(b"\r\n0\r\n\r\n"),
        }
        sleep(Duration::from_millis(100));
    }
    let mut rest = Vec::new();
    let _ = raw.0.read_to_end(&mut rest);
    rest.ends_with(b"\r\n0\r\n\r\n")
}
