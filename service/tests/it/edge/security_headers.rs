//! Security headers on every status: the OWASP Secure Headers Project's lists of headers to add and to remove.

use super::problems::every_status;
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::raw_connection::send_request;
use crate::support::sample_data::{QUERY, small};

/// The list of 2026-07-19 without `Clear-Site-Data`, which belongs to signing out. `None`: the value depends on the response.
const REQUIRED: [(&str, Option<&str>); 12] = [
    ("cache-control", None),
    ("content-security-policy", None),
    ("cross-origin-embedder-policy", Some("require-corp")),
    ("cross-origin-opener-policy", Some("same-origin")),
    ("cross-origin-resource-policy", Some("same-origin")),
    ("permissions-policy", None),
    ("referrer-policy", Some("no-referrer")),
    (
        "strict-transport-security",
        Some("max-age=63072000; includeSubDomains"),
    ),
    ("x-content-type-options", Some("nosniff")),
    ("x-dns-prefetch-control", Some("off")),
    ("x-frame-options", Some("deny")),
    ("x-permitted-cross-domain-policies", Some("none")),
];

/// Headers that reveal the software: of the list's 84 names those that any server might send; prefixes cover the others.
const FORBIDDEN: [&str; 18] = [
    "server",
    "powered-by",
    "product",
    "host-header",
    "sourcemap",
    "x-powered-by",
    "x-powered-cms",
    "x-cms",
    "x-framework",
    "x-generator",
    "x-generated-by",
    "x-server-powered-by",
    "x-sourcemap",
    "x-sourcefiles",
    "x-aspnet-version",
    "x-php-version",
    "x-redirect-by",
    "x-turbo-charged-by",
];
const FORBIDDEN_PREFIXES: [&str; 9] = [
    "x-b3-",
    "x-datadog-",
    "x-envoy-",
    "x-kong-",
    "x-litespeed",
    "x-varnish-",
    "x-nextjs-",
    "x-aspnet",
    "x-kubernetes-",
];

/// O6: Responses of every status carry the security headers.
#[test]
fn every_status_carries_the_security_headers() {
    for (status, response) in every_status() {
        for (name, value) in REQUIRED {
            let sent = response.header(name);
            assert!(!sent.is_empty(), "{status}: {name} is missing");
            assert!(
                value.is_none_or(|value| sent.eq_ignore_ascii_case(value)),
                "{status}: {name}: {sent}"
            );
        }
        let policy = response.header("content-security-policy");
        for directive in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "object-src 'none'",
        ] {
            assert!(policy.contains(directive), "{status}: {policy}");
        }
        if *status >= 400 {
            assert!(response.header("cache-control").contains("no-store"), "{status}");
        }
    }
    assert!(every_status().len() >= 15);
}

/// O6: Responses of no status reveal the software.
#[test]
fn no_status_reveals_the_software() {
    for (status, response) in every_status() {
        for name in response.headers.keys().map(http::HeaderName::as_str) {
            assert!(!FORBIDDEN.contains(&name), "{status}: {name}");
            assert!(
                !FORBIDDEN_PREFIXES.iter().any(|prefix| name.starts_with(prefix)),
                "{status}: {name}"
            );
        }
    }
}

/// O6: Pages, assets and data carry the security headers.
#[test]
fn pages_and_data_carry_the_security_headers() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    for path in [
        "/",
        "/apidocs",
        "/apidocs/ui.js",
        "/openapi.json",
        "/portcullis.css",
        QUERY,
        "/ports",
        "/health/ready",
    ] {
        let response = app.get(path);
        assert_eq!(response.status, 200, "{path}");
        for (name, value) in REQUIRED {
            let sent = response.header(name);
            assert!(
                !sent.is_empty() && value.is_none_or(|value| sent.eq_ignore_ascii_case(value)),
                "{path}: {name}: {sent}"
            );
        }
        assert!(
            !response.header("content-security-policy").contains("unsafe"),
            "{path}"
        );
        assert!(!response.header("content-type").is_empty(), "{path}");
    }
    let policy = app.get("/").header("permissions-policy").to_owned();
    for feature in [
        "camera=()",
        "geolocation=()",
        "microphone=()",
        "payment=()",
        "usb=()",
    ] {
        assert!(policy.contains(feature), "{policy}");
    }
}

/// O1, O6: Requests that the HTTP library rejects before routing are answered with a problem and all security headers.
#[test]
fn errors_of_the_http_library_are_problems_with_security_headers() {
    let app = App::over(&Database::not_created());
    let many = "X-A: 1\r\n".repeat(250);
    let large = "x".repeat(70_000);
    for (status, request) in [
        (400, "nonsense\r\n\r\n".to_owned()),
        (400, "GET / HTTP/9.9\r\n\r\n".to_owned()),
        (400, "GET /\u{1} HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned()),
        (400, "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n".to_owned()),
        (431, format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n")),
        (
            431,
            format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-A: {large}\r\n\r\n"),
        ),
    ] {
        let response = send_request(app.address, &request);
        response.problem(status);
        for (name, value) in REQUIRED {
            let sent = response.header(name);
            let expected = value.is_none_or(|value| sent.eq_ignore_ascii_case(value));
            assert!(!sent.is_empty() && expected, "{status}: {name}: {sent}");
        }
        assert!(response.headers.get("server").is_none(), "{response:?}");
    }
}
