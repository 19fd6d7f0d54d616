//! CORS: disabled by default, otherwise limited to the configured origins.

use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::response::Response;

fn app(origins: &str) -> App {
    App::start(&Database::not_created().settings(&[("CORS_ORIGINS", origins)]))
}

fn preflight(app: &App, origin: &str) -> Response {
    let request = app.request("OPTIONS", "/rates").header("Origin", origin);
    send(request.header("Access-Control-Request-Method", "GET"))
}

fn has_no_cors_headers(response: &Response) -> bool {
    !response
        .headers
        .keys()
        .any(|name| name.as_str().starts_with("access-control-"))
}

/// O9: By default no origin is allowed.
#[test]
fn no_origin_is_allowed_by_default() {
    let app = app("");
    for origin in ["https://evil.example", "null", "http://localhost", "*"] {
        assert!(has_no_cors_headers(&preflight(&app, origin)), "{origin}");
        assert!(
            has_no_cors_headers(&send(app.request("GET", "/version").header("Origin", origin))),
            "{origin}"
        );
    }
}

/// O9: Exactly the configured origins are allowed.
#[test]
fn only_configured_origins_are_allowed() {
    let app = app("https://app.example, https://two.example:8443");
    for origin in ["https://app.example", "https://two.example:8443"] {
        let response = send(app.request("GET", "/version").header("Origin", origin));
        assert_eq!(response.header("access-control-allow-origin"), origin);
        assert_eq!(response.header("access-control-allow-credentials"), "");
        assert!(
            response
                .header("access-control-expose-headers")
                .contains("X-Request-Id")
        );
        let preflight = preflight(&app, origin);
        assert_eq!(preflight.status, 204);
        assert_eq!(preflight.header("access-control-allow-origin"), origin);
        assert_eq!(
            preflight.header("access-control-allow-methods"),
            "GET, HEAD, OPTIONS"
        );
        assert!(preflight.header("access-control-max-age").parse::<u32>().unwrap() <= 7200);
    }
    let other_origins = [
        "https://evil.example",
        "null",
        "http://app.example",
        "https://app.example.evil.example",
        "https://app.example:444",
        "https://xapp.example",
        "https://APP.example",
        "https://app.example/",
    ];
    for origin in other_origins {
        assert!(has_no_cors_headers(&preflight(&app, origin)), "{origin}");
        assert!(
            has_no_cors_headers(&send(app.request("GET", "/version").header("Origin", origin))),
            "{origin}"
        );
    }
}

/// O9: Responses carry `Vary: Origin`, so that a cache does not serve one origin's response to another.
#[test]
fn responses_vary_by_origin() {
    let app = app("https://app.example");
    for path in ["/", "/version", "/rates", "/nothing"] {
        let response = app.get(path);
        let vary = response.headers.get_all("vary").iter();
        assert!(
            vary.into_iter()
                .any(|value| value.to_str().unwrap().contains("Origin")),
            "{path}"
        );
    }
}
