//! The documentation: the OpenAPI document, and a page that shows it, with every file from our own origin.
use http::header;
use poem::endpoint::make_sync;
use poem::{Body, Response, Route};

/// Paths of this file's pages.
pub const PATHS: [&str; 6] = [
    "/openapi.json",
    "/apidocs",
    "/apidocs/ui.js",
    "/apidocs/ui.css",
    "/apidocs/start.js",
    "/portcullis.css",
];

const PAGE: &str = include_str!("pages/apidocs.html");
const START: &str = include_str!("pages/apidocs.js");
const STYLE: &str = include_str!("pages/portcullis.css");

/// What a page of ours may do: its own styles and scripts, its own requests, nothing inline.
pub const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Adds the pages. `bundle` is Swagger UI as the framework carries it: one page with its script and style inline, which
/// our policy forbids; taken apart it is two files that the policy allows.
pub fn routes(route: Route, document: String, bundle: &str) -> Route {
    let script = between(bundle, "<script charset=\"UTF-8\">", "</script>");
    let style = between(bundle, "<style charset=\"UTF-8\">", "</style>");
    let files = [
        ("/openapi.json", "application/json", document),
        ("/apidocs", "text/html; charset=utf-8", PAGE.to_owned()),
        (
            "/apidocs/ui.js",
            "text/javascript; charset=utf-8",
            script.to_owned(),
        ),
        ("/apidocs/ui.css", "text/css; charset=utf-8", style.to_owned()),
        (
            "/apidocs/start.js",
            "text/javascript; charset=utf-8",
            START.to_owned(),
        ),
        ("/portcullis.css", "text/css; charset=utf-8", STYLE.to_owned()),
    ];
    files.into_iter().fold(route, |route, (path, kind, text)| {
        let bytes = bytes::Bytes::from(text);
        let answer = move |_| {
            let mut response = Response::builder()
                .content_type(kind)
                .body(Body::from(bytes.clone()));
            let headers = response.headers_mut();
            headers.insert(
                header::CACHE_CONTROL,
                header::HeaderValue::from_static("no-cache"),
            );
            if kind.starts_with("text/html") {
                headers.insert(
                    header::CONTENT_SECURITY_POLICY,
                    header::HeaderValue::from_static(PAGE_POLICY),
                );
            }
            response
        };
        route.at(path, make_sync(answer))
    })
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = text.split_once(begin).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or(rest, |(part, _)| part)
}
