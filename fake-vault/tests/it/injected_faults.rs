//! The control interface: planted answers, a server that hangs, a clock that jumps.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use fake_vault::{FakeVault, Options};
use serde_json::{Value, json};

use crate::support::client::{self, Answer};
use crate::support::issuer::call;

fn start() -> FakeVault {
    FakeVault::start(&Options::default()).unwrap()
}

fn look_up(server: &FakeVault) -> Answer {
    call(
        server.address(),
        "GET",
        "auth/token/lookup-self",
        server.root_token(),
        &Value::Null,
    )
}

fn control(server: &FakeVault, method: &str, path: &str, body: &Value) -> Answer {
    let text = body.to_string();
    client::send(
        server.address(),
        method,
        &format!("/control/{path}"),
        &[],
        Some(text.as_bytes()),
    )
}

/// Sends a request and reads what comes within a time.
fn answer_within(address: SocketAddr, path: &str, timeout: Duration) -> Option<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(timeout)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).ok().map(|_| text)
}

#[test]
fn a_planted_answer_is_given_as_often_as_planted() {
    let server = start();
    let rule =
        json!({"path": "auth/token", "times": 2, "effect": {"error": {"status": 503, "text": "overloaded"}}});
    assert_eq!(control(&server, "POST", "rules", &rule).status, 204);
    let statuses: Vec<u16> = (0..3).map(|_| look_up(&server).status).collect();
    assert_eq!(statuses, [503, 503, 200]);
    // Another path is not concerned.
    assert_eq!(control(&server, "POST", "rules", &rule).status, 204);
    assert_eq!(
        call(server.address(), "GET", "sys/health", "", &Value::Null).status,
        200
    );
    assert_eq!(control(&server, "DELETE", "rules", &Value::Null).status, 204);
    assert_eq!(look_up(&server).status, 200);
}

#[test]
fn nonsense_redirects_delays_and_broken_connections_can_be_planted() {
    let server = start();
    let plant = |effect: Value| {
        let rule = json!({"times": 1, "effect": effect});
        assert_eq!(control(&server, "POST", "rules", &rule).status, 204);
    };
    plant(json!({"body": "<html>"}));
    assert_eq!(look_up(&server).body, "<html>");
    plant(json!({"redirect": "https://evil.example/v1/x"}));
    let answer = look_up(&server);
    assert_eq!(
        (answer.status, answer.headers["location"].as_str()),
        (307, "https://evil.example/v1/x")
    );
    plant(json!({"delay_ms": 300}));
    let begun = Instant::now();
    assert_eq!(look_up(&server).status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    plant(json!("disconnect"));
    let answer = answer_within(server.address(), "/v1/sys/health", Duration::from_secs(20));
    assert_eq!(answer.as_deref().unwrap_or_default(), "");
    let invalid = control(&server, "POST", "rules", &json!({"effect": "explode"}));
    assert_eq!(invalid.status, 400);
}

/// The client cannot know whether a request was carried out when the answer is lost.
#[test]
fn a_request_whose_answer_is_lost_is_carried_out() {
    let server = start();
    let rule = json!({"times": 1, "effect": "lose_answer"});
    assert_eq!(control(&server, "POST", "rules", &rule).status, 204);
    let address = server.address();
    let body = json!({"policy": ""}).to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    let (token, length) = (server.root_token(), body.len());
    write!(stream, "PUT /v1/sys/policies/acl/x HTTP/1.1\r\nHost: x\r\nX-Vault-Token: {token}\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let mut text = String::new();
    let _reset_or_end = stream.read_to_string(&mut text);
    assert_eq!(text, "");
    assert_eq!(
        call(address, "GET", "sys/policies/acl/x", token, &Value::Null).status,
        200
    );
}

#[test]
fn a_frozen_server_answers_nothing_until_it_is_released() {
    let server = start();
    assert_eq!(control(&server, "PUT", "frozen", &json!(true)).status, 204);
    let short = Duration::from_millis(300);
    assert_eq!(answer_within(server.address(), "/v1/sys/health", short), None);
    let waiting = std::thread::scope(|scope| {
        let address = server.address();
        let waiting = scope.spawn(move || answer_within(address, "/v1/sys/health", Duration::from_secs(20)));
        assert_eq!(control(&server, "PUT", "frozen", &json!(false)).status, 204);
        waiting.join().unwrap()
    });
    assert!(waiting.unwrap().starts_with("HTTP/1.1 200"));
}

#[test]
fn the_clock_can_jump_in_both_directions() {
    let server = start();
    let token = call(
        server.address(),
        "POST",
        "auth/token/create",
        server.root_token(),
        &json!({"ttl": "1h"}),
    );
    let body: Value = serde_json::from_str(&token.body).unwrap();
    let token = body["auth"]["client_token"].as_str().unwrap();
    let ttl = || {
        let answer = call(
            server.address(),
            "GET",
            "auth/token/lookup-self",
            token,
            &Value::Null,
        );
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        body["data"]["ttl"].as_i64()
    };
    let near = |wanted: i64| move |ttl: Option<i64>| ttl.is_some_and(|ttl| (ttl - wanted).abs() < 60);
    assert!(near(3600)(ttl()));
    let jump = |minutes: i64| control(&server, "POST", "clock", &json!({"advance_ms": minutes * 60_000}));
    assert_eq!(jump(30).status, 200);
    assert!(near(1800)(ttl()));
    assert_eq!(jump(-60).status, 200);
    assert!(near(5400)(ttl()));
    assert_eq!(jump(91).status, 200);
    assert_eq!(ttl(), None);
}
