//! Cross-origin requests: closed unless set, and then open to exactly the origins that are set.
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::response::Response;

fn app(origins: &str) -> App {
    App::start(&Database::unmade().settings(&[("CORS_ORIGINS", origins)]))
}

fn preflight(app: &App, origin: &str) -> Response {
    let request = app.request("OPTIONS", "/rates").header("Origin", origin);
    send(request.header("Access-Control-Request-Method", "GET"))
}

fn is_closed(response: &Response) -> bool {
    !response
        .headers
        .keys()
        .any(|name| name.as_str().starts_with("access-control-"))
}

/// O9
#[test]
fn nobody_is_let_in_by_default() {
    let app = app("");
    for origin in ["https://evil.example", "null", "http://localhost", "*"] {
        assert!(is_closed(&preflight(&app, origin)), "{origin}");
        assert!(
            is_closed(&send(app.request("GET", "/version").header("Origin", origin))),
            "{origin}"
        );
    }
}

/// O9
#[test]
fn only_the_origins_of_the_settings_are_let_in() {
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
        let before = preflight(&app, origin);
        assert_eq!(before.status, 204);
        assert_eq!(before.header("access-control-allow-origin"), origin);
        assert_eq!(
            before.header("access-control-allow-methods"),
            "GET, HEAD, OPTIONS"
        );
        assert!(before.header("access-control-max-age").parse::<u32>().unwrap() <= 7200);
    }
    let strangers = [
        "https://evil.example",
        "null",
        "http://app.example",
        "https://app.example.evil.example",
        "https://app.example:444",
        "https://xapp.example",
        "https://APP.example",
        "https://app.example/",
    ];
    for origin in strangers {
        assert!(is_closed(&preflight(&app, origin)), "{origin}");
        assert!(
            is_closed(&send(app.request("GET", "/version").header("Origin", origin))),
            "{origin}"
        );
    }
}

/// O9: a cache must not hand one origin's answer to another.
#[test]
fn caches_are_told_that_the_origin_matters() {
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
