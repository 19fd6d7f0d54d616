//! The greeting, the index page, the version, and the metrics on the internal listener.

use crate::support::app::{App, send};
use crate::support::database::Database;

fn app() -> (Database, App) {
    let database = Database::not_created();
    let app = App::over(&database);
    (database, app)
}

/// A1: `/` greets with exactly these bytes.
#[test]
fn the_root_greets_with_exactly_these_bytes() {
    let (_database, app) = app();
    let response = app.get("/");
    assert_eq!(response.status, 200);
    assert_eq!(response.text(), r#"{"message":"Hello world!"}"#);
    assert!(response.header("content-type").starts_with("application/json"));
}

/// A2: `/` answers browsers with the index page, with `Vary: Accept`.
#[test]
fn a_browser_gets_the_index_page_with_vary_accept() {
    let (_database, app) = app();
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for accept in ["text/html", browser] {
        let response = send(app.request("GET", "/").header("Accept", accept));
        assert_eq!(response.status, 200);
        assert!(
            response.header("content-type").starts_with("text/html"),
            "{accept}"
        );
        assert!(response.text().contains("<h1>"));
        assert!(response.header("vary").to_lowercase().contains("accept"));
    }
    for accept in ["*/*", "application/json", "image/png"] {
        let response = send(app.request("GET", "/").header("Accept", accept));
        assert!(
            response.header("content-type").starts_with("application/json"),
            "{accept}"
        );
        assert!(
            response.header("vary").to_lowercase().contains("accept"),
            "{accept}"
        );
    }
}

/// A3: A wrong method is 405 with `Allow`.
#[test]
fn a_wrong_method_is_rejected_with_the_allowed_ones() {
    let (_database, app) = app();
    let response = send(app.request("POST", "/"));
    response.problem(405);
    assert_eq!(response.header("allow"), "GET, HEAD, OPTIONS");
    send(app.request("BREW", "/rates")).problem(405);
}

/// A6: `/version` reports version, commit, build date and compiler.
#[test]
fn the_version_reports_release_commit_build_date_and_compiler() {
    let (_database, app) = app();
    let version = app.get("/version").json();
    let text = |name: &str| version[name].as_str().unwrap().to_owned();
    assert_eq!(text("version"), env!("CARGO_PKG_VERSION"));
    assert_eq!(text("version").split('.').count(), 3);
    let hex = text("commit").bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(
        text("commit") == "unknown" || (hex && text("commit").len() >= 7),
        "{version}"
    );
    let day = portcullis::types::day::Day::parse(&text("build_date"));
    assert!(day.is_some(), "{version}");
    assert!(text("rustc").starts_with("rustc 1."), "{version}");
}

/// A7: Metrics are served on the internal listener only.
#[test]
fn metrics_are_on_the_internal_listener_only() {
    let (_database, app) = app();
    app.get("/metrics").problem(404);
    app.get("/version");
    let page = app.get_internal("/metrics");
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    let count = page.text().lines().find(|line| {
        line.starts_with("http_server_request_duration_seconds_count")
            && line.contains("http_route=\"/version\"")
    });
    assert!(count.is_some_and(|line| line.ends_with(" 1")), "{}", page.text());
    assert!(page.text().contains("http_route=\"unmatched\""));
    assert!(
        page.text()
            .contains("\n# TYPE http_server_open_connections gauge")
    );
    assert_eq!(app.get_internal("/rates").status, 404);
}
