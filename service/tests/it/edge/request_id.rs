//! `X-Request-Id` and `traceparent` in requests, responses and the log.

use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::program::ServiceProcess;
use crate::support::raw_connection::send_request;
use serde_json::Value;
use std::collections::HashSet;

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn app() -> App {
    App::over(&Database::not_created())
}

/// J3: A valid `X-Request-Id` is returned; otherwise the response has the generated one.
#[test]
fn a_valid_request_id_is_returned_and_others_are_replaced() {
    let app = app();
    let response_id = |id: &str| {
        send(app.request("GET", "/version").header("X-Request-Id", id))
            .header("x-request-id")
            .to_owned()
    };
    for id in ["abc", "A-1_b.c:d", &"x".repeat(128)] {
        assert_eq!(response_id(id), id);
    }
    for id in [
        "",
        "a b",
        "a\"b",
        "<b>",
        "{}",
        "a,b",
        "a;b",
        "\u{e5}",
        &"x".repeat(129),
    ] {
        let generated = response_id(id);
        assert!(
            generated != id && generated.len() == 32,
            "{id:?} became {generated:?}"
        );
    }
    let generated: HashSet<String> = (0..20)
        .map(|_| app.get("/version").header("x-request-id").to_owned())
        .collect();
    assert_eq!(generated.len(), 20);
    let twice = "GET /version HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: a\r\nX-Request-Id: b\r\n\r\n";
    assert_eq!(send_request(app.address, twice).header("x-request-id").len(), 32);
}

/// J3: A problem carries our own request id, and the client's beside it if it sent one.
#[test]
fn a_problem_carries_our_request_id_and_the_clients() {
    let app = app();
    let own = |problem: &Value| problem["request_id"].as_str().unwrap().to_owned();
    let ids: HashSet<String> = (0..2)
        .map(|_| {
            let response = send(app.request("GET", "/nothing").header("X-Request-Id", "mine-1"));
            let problem = response.problem(404);
            assert_eq!(problem["client_request_id"], "mine-1");
            own(&problem)
        })
        .collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| id.len() == 32), "{ids:?}");
    let response = app.get("/nothing");
    let problem = response.problem(404);
    assert_eq!(own(&problem), response.header("x-request-id"));
    assert!(problem.get("client_request_id").is_none(), "{problem}");
}

/// J3: A valid `traceparent` (W3C Trace Context, level 1) is continued; otherwise a new trace is started.
#[test]
fn a_valid_trace_is_continued_and_a_malformed_one_replaced() {
    let app = app();
    let response_parent = |parent: &str| {
        send(app.request("GET", "/version").header("traceparent", parent))
            .header("traceparent")
            .to_owned()
    };
    let parts = |header: &str| header.split('-').map(str::to_owned).collect::<Vec<_>>();
    let own = parts(&response_parent(TRACEPARENT));
    assert_eq!(
        (own[0].as_str(), own[1].as_str(), own[3].as_str()),
        ("00", &TRACEPARENT[3..35], "01")
    );
    assert_ne!(own[2], &TRACEPARENT[36..52]);
    assert_eq!(
        parts(&response_parent(&TRACEPARENT.replace("-01", "-00")))[3],
        "00"
    );
    for bad in [
        "",
        "x",
        &TRACEPARENT[..54],
        &TRACEPARENT.to_uppercase(),
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        &TRACEPARENT.replacen("00", "ff", 1),
        &format!("{TRACEPARENT}-x"),
        &TRACEPARENT.replace("4bf9", "4bg9"),
    ] {
        let fresh = parts(&response_parent(bad));
        assert_eq!(
            (fresh.len(), fresh[1].len(), fresh[2].len()),
            (4, 32, 16),
            "{bad}"
        );
        assert!(!bad.to_lowercase().contains(&fresh[1]), "{bad} was continued");
        assert!(fresh[1] != "0".repeat(32) && fresh[2] != "0".repeat(16));
    }
    let twice = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\ntraceparent: {TRACEPARENT}\r\ntraceparent: {TRACEPARENT}\r\n\r\n"
    );
    assert!(
        !send_request(app.address, twice)
            .header("traceparent")
            .contains(&TRACEPARENT[3..35])
    );
}

/// J1, J3, J4: Every log line is one JSON object, whatever a client sends (log injection).
#[test]
fn every_log_line_is_one_json_object_whatever_is_sent() {
    let serving = ServiceProcess::start(&Database::not_created().pairs());
    let fake = "{\"level\":\"ERROR\",\"message\":\"forged\"}";
    let requests = [
        format!(
            "GET /x%0a%7B%22forged%22%7D HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: line-1\r\ntraceparent: {TRACEPARENT}\r\n\r\n"
        ),
        format!(
            "GET /x?q=%0d%0a{} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {fake}\r\n\r\n",
            "%7B%7D"
        ),
        format!(
            "GET /\"{}\\n HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: a\tb\r\n\r\n",
            "}"
        ),
        "GET /%1b[31mred%u000a HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        format!("{} / HTTP/1.1\r\nHost: localhost\r\n\r\n", "X".repeat(40)),
    ];
    for request in &requests {
        send_request(serving.address, request);
    }
    send_request(
        serving.address,
        "GET /version HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: the-last\r\n\r\n",
    );
    serving.wait_for_line("the-last");
    serving.terminate();
    let (code, log) = serving.wait();
    assert_eq!(code, Some(0));
    let lines: Vec<Value> = log
        .iter()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    assert!(
        lines
            .iter()
            .all(|line| line.is_object() && line["message"] != "forged" && line["level"] != "ERROR")
    );
    let answered: Vec<&Value> = lines
        .iter()
        .filter(|line| line["message"] == "answered")
        .collect();
    assert_eq!(answered.len(), requests.len() + 1, "{log:#?}");
    let first = answered[0].to_string();
    for part in ["\"client_request_id\":\"line-1\"", &TRACEPARENT[3..35], "/x%0a"] {
        assert!(first.contains(part), "{part} is missing in {first}");
    }
    let ids: HashSet<&str> = answered
        .iter()
        .filter_map(|line| line["request_id"].as_str())
        .collect();
    assert!(
        ids.len() == answered.len() && ids.iter().all(|id| id.len() == 32),
        "{ids:?}"
    );
    assert!(answered.iter().all(|line| line["client_network"] == "127.0.0.1"));
    assert_eq!(answered[0]["http.response.status_code"], 404);
    // Query strings may hold personal data and are not logged.
    assert!(
        !log.iter()
            .any(|line| line.contains("q=") || line.contains("User-Agent"))
    );
}
