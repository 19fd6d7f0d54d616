//! Problems (RFC 9457): every reachable error status has the same format and reveals nothing internal.

use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::raw_connection::{RawConnection, send_request};
use crate::support::response::Response;
use crate::support::sample_data::QUERY;
use crate::support::test_api::TestApi;
use std::sync::LazyLock;

/// An app without a database, with the extra operations, and a client timeout of one second.
fn app(more: &[(&str, &str)]) -> App {
    let settings = [
        &[("CLIENT_TIMEOUT", "1"), ("DATABASE_ACQUIRE_TIMEOUT", "200")],
        more,
    ]
    .concat();
    App::start_with(&Database::not_created().settings(&settings), |apis| {
        (apis, TestApi::default())
    })
}

/// Each reachable status, with one response of that status.
pub fn every_status() -> &'static [(u16, Response)] {
    static RESPONSES: LazyLock<Vec<(u16, Response)>> = LazyLock::new(|| {
        let (app, limited) = (app(&[]), app(&[("RATE_LIMIT", "1")]));
        let post = |path: &str, kind: &str, body: &str| {
            send(
                app.request("POST", path)
                    .header("Content-Type", kind)
                    .body(body.to_owned()),
            )
        };
        let half = "POST /extra/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
        let announced = half.replace("Length: 9", "Length: 30000000");
        limited.get("/version");
        vec![
            (200, app.get("/version")),
            (204, send(app.request("OPTIONS", "/version"))),
            (400, app.get("/rates")),
            (404, app.get("/nothing/here")),
            (405, send(app.request("DELETE", "/version"))),
            (406, send(app.request("GET", QUERY).header("Accept", "text/html"))),
            (408, send_request(app.address, half)),
            (413, send_request(app.address, announced)),
            (414, app.get(&format!("/ports?q={}", "x".repeat(17_000)))),
            (415, post("/extra/echo", "text/plain", "{}")),
            (421, send(app.request("GET", "/").header("Host", "evil.example"))),
            (429, limited.get("/version")),
            (
                431,
                send(app.request("GET", "/").header("X-Large", "x".repeat(17_000))),
            ),
            (500, app.get("/extra/panic")),
            (503, app.get(QUERY)),
        ]
    });
    &RESPONSES
}

/// O1: Every error status is a problem, 429 and 503 with `Retry-After`.
#[test]
fn every_error_status_is_a_problem() {
    for (status, response) in every_status() {
        if *status < 400 {
            assert_eq!(response.status, *status);
            continue;
        }
        let problem = response.problem(*status);
        assert!(
            problem["title"]
                .as_str()
                .unwrap()
                .starts_with(|first: char| first.is_uppercase()),
            "{problem}"
        );
        if [400].contains(status) {
            assert!(!problem["errors"].as_array().unwrap().is_empty(), "{problem}");
        }
        if [429, 503].contains(status) {
            assert!(response.header("retry-after").parse::<u32>().unwrap() >= 1);
        }
    }
}

/// O1: A problem reveals nothing internal, and echoes paths escaped and truncated.
#[test]
fn a_problem_reveals_nothing_internal_and_truncates_what_it_echoes() {
    let app = app(&[]);
    for path in [
        "/extra/panic",
        "/extra/fail",
        QUERY,
        "/ports",
        "/regions",
        "/health/ready",
    ] {
        let text = app.get(path).text().to_lowercase();
        for word in [
            "secret-of",
            "panic!",
            "diesel",
            "postgres",
            "select ",
            "127.0.0.1",
            ".rs",
            "thread",
            "password",
        ] {
            assert!(!text.contains(word), "{path} reveals {word:?}: {text}");
        }
    }
    let long = app.get(&format!("/{}", "a".repeat(5_000)));
    assert_eq!(long.problem(404)["instance"].as_str().unwrap().len(), 256);
    let hostile = app.get("/%3Cscript%3Ealert(1)%3C/script%3E?%3Cb%3E=1");
    hostile.problem(404);
    assert!(!hostile.text().contains("<script>") && !hostile.text().contains("<b>"));
}

/// O10: A panic is answered with a problem, and the process and its connections go on.
#[test]
fn a_panic_is_a_problem_and_the_process_continues() {
    let app = app(&[]);
    let mut raw = RawConnection::connect(app.address);
    for _ in 0..3 {
        raw.send("GET /extra/panic HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let response = raw.read_response().unwrap();
        assert_eq!(response.problem(500)["type"], "urn:portcullis:problem:internal");
    }
    raw.send("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(raw.read_response().unwrap().status, 200);
    assert_eq!(app.get("/health/live").status, 200);
}

/// O1: Errors of the framework are converted to problems, without their text.
#[test]
fn errors_of_the_framework_become_problems() {
    let app = app(&[]);
    assert_eq!(
        app.get("/extra/fail").problem(500)["type"],
        "urn:portcullis:problem:internal"
    );
    let body = app
        .request("POST", "/extra/known")
        .header("Content-Type", "application/json")
        .body(r#"{"name":[]}"#);
    send(body).problem(400);
    send(app.request("POST", "/extra/echo").body("{}")).problem(415);
}

/// O1: Who prefers JSON, in any of its forms and on any number of lines, gets a problem and no page.
#[test]
fn a_client_that_prefers_json_gets_a_problem() {
    let app = app(&[]);
    for (accept, is_page) in [
        (&["text/html"][..], true),
        (&["application/json, text/html;q=0.5"], false),
        (&["text/html;q=0.1", "application/problem+json"], false),
        (&["text/html", "application/json;q=0.9"], true),
        (&["text/html;level=\"1,2\";q=0.1, application/json"], false),
    ] {
        let mut request = app.request("GET", "/nothing/here");
        for line in accept {
            request = request.header("Accept", *line);
        }
        let response = send(request);
        let kind = response.header("content-type");
        assert_eq!(kind.starts_with("text/html"), is_page, "{accept:?}: {kind}");
        assert_eq!(response.status, 404);
    }
}
