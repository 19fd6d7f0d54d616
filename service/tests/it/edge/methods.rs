//! OPTIONS, HEAD and `Allow`, over every operation of the OpenAPI document.

use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::raw_connection::{RawConnection, send_request};
use crate::support::sample_data::small;
use http::HeaderMap;
use std::collections::BTreeMap;

/// Paths that are not in the document; each has GET only.
const UNDOCUMENTED_PATHS: [&str; 4] = ["/openapi.json", "/apidocs", "/apidocs/ui.js", "/portcullis.css"];

/// Every path of the document with its methods, parameters filled in.
fn paths(app: &App) -> BTreeMap<String, Vec<String>> {
    let document = app.get("/openapi.json").json();
    let mut paths: BTreeMap<String, Vec<String>> = UNDOCUMENTED_PATHS
        .map(|page| (page.to_owned(), vec!["GET".to_owned()]))
        .into();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{code}", "CNGGZ")
            .replace("{slug}", "baltic")
            .replace("{id}", "1")
            .replace("{secret_id}", "1")
            .replace("{key_id}", "1")
            .replace("{name}", "v-portcullis-access");
        paths.insert(
            path,
            methods
                .as_object()
                .unwrap()
                .keys()
                .map(|method| method.to_uppercase())
                .collect(),
        );
    }
    paths
}

fn expected_allow(methods: &[String]) -> String {
    let mut all: Vec<&str> = methods.iter().map(String::as_str).chain(["OPTIONS"]).collect();
    if all.contains(&"GET") {
        all.push("HEAD");
    }
    all.sort_unstable();
    all.join(", ")
}

/// O2, A3: Every path answers OPTIONS with its methods, and rejects all others with 405 and `Allow`.
#[test]
fn every_path_reports_its_methods() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    for (path, methods) in paths(&app) {
        let options = send(app.request("OPTIONS", &path));
        assert_eq!((options.status, options.body.len()), (204, 0), "{path}");
        assert_eq!(options.header("allow"), expected_allow(&methods), "{path}");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            if !methods.iter().any(|known| known == method) {
                let refused = send(app.request(method, &path));
                refused.problem(405);
                assert_eq!(
                    refused.header("allow"),
                    expected_allow(&methods),
                    "{method} {path}"
                );
            }
        }
    }
    send(app.request("OPTIONS", "/nothing")).problem(404);
}

/// The header fields that two responses to the same request have in common.
fn stable_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let varying = [
        "date",
        "x-request-id",
        "traceparent",
        "ratelimit",
        "connection",
        "keep-alive",
    ];
    let fields = headers
        .iter()
        .filter(|(name, _)| !varying.contains(&name.as_str()));
    fields
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect()
}

/// O2: HEAD answers like GET without the body, also with errors.
#[test]
fn head_is_get_without_the_body() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let mut all: Vec<String> = paths(&app)
        .into_iter()
        .filter(|(_, methods)| methods.contains(&"GET".into()))
        .map(|(path, _)| path)
        .collect();
    all.extend([
        crate::support::sample_data::QUERY.to_owned(),
        "/ports/ZZZZZ".into(),
        "/nothing".into(),
        "/ports?x=1".into(),
    ]);
    for path in all {
        let get = send(app.request("GET", &path).header("X-Request-Id", "same"));
        let mut raw = RawConnection::connect(app.address);
        raw.send(format!(
            "HEAD {path} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: same\r\nConnection: close\r\n\r\n"
        ));
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut raw.0, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "", "{path}");
        assert!(
            head.starts_with(&format!("HTTP/1.1 {}", get.status)),
            "{path}: {head}"
        );
        let fields: BTreeMap<String, String> = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .filter(|(name, _)| {
                !["date", "x-request-id", "traceparent", "ratelimit", "connection"].contains(&name.as_str())
            })
            .collect();
        assert_eq!(fields, stable_headers(&get.headers), "{path}");
        assert_eq!(fields["content-length"], get.body.len().to_string(), "{path}");
    }
}

/// O2: Request targets that are not a path of the service are client errors.
#[test]
fn unusual_targets_are_rejected() {
    let database = Database::not_created();
    let app = App::over(&database);
    for line in [
        "GET * HTTP/1.1",
        "GET //version HTTP/1.1",
        "GET /version/ HTTP/1.1",
        "GET /./version HTTP/1.1",
    ] {
        send_request(app.address, format!("{line}\r\nHost: localhost\r\n\r\n")).problem(404);
    }
    let connect = send_request(
        app.address,
        "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n",
    );
    assert!((400..500).contains(&connect.status), "{connect:?}");
}
