//! Pages of the parts beside the service.

use std::thread::sleep;
use std::time::{Duration, Instant};

use harness::http_client::{self, Request};

/// The body of a page.
pub fn get(port: u16, target: &str) -> String {
    let request = Request {
        method: "GET",
        target,
        ..Request::default()
    };
    let response = http_client::send(port, &request, Duration::from_secs(10)).unwrap();
    assert_eq!(response.status, 200, "{target}: {}", response.body);
    response.body
}

/// Waits until a page contains a text: what is observed arrives seconds later.
pub fn wait_for(port: u16, target: &str, text: &str) {
    let start = Instant::now();
    while !get(port, target).contains(text) {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "no {text:?} in {target}"
        );
        sleep(Duration::from_millis(500));
    }
}
