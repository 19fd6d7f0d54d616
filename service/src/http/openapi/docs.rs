//! The documentation: the OpenAPI document, and a page that shows it, with every file from our own origin.

use super::operations::{Beside, Kind};
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use poem::endpoint::make_sync;
use poem::{Body, Response, Route};
use std::sync::{Arc, LazyLock};

/// What this file answers.
pub const FILES: [Beside; 7] = [
    file("/openapi.json"),
    file("/apidocs"),
    file("/apidocs/ui.js"),
    file("/apidocs/ui.css"),
    file("/apidocs/start.js"),
    file("/portcullis.css"),
    file("/portcullis.svg"),
];

const fn file(path: &'static str) -> Beside {
    Beside {
        path,
        kind: Kind::File,
        methods: &[(Method::GET, &[])],
    }
}

const PAGE: &str = include_str!("../assets/apidocs.html");
const START: &str = include_str!("../assets/apidocs.js");
const STYLE: &str = include_str!("../assets/portcullis.css");
const LOGO: &str = include_str!("../assets/portcullis.svg");

/// What the page may do: its own styles and scripts, its own requests, nothing inline.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// A file's content, when somebody asks for it.
type Content = Box<dyn Fn() -> Bytes + Send + Sync>;

/// Adds the pages. `bundle` makes Swagger UI as the framework carries it: one page with its script and style inline,
/// which our policy forbids; taken apart it is two files that the policy allows. It is made when it is first asked for:
/// most instances never are, and it is megabytes.
pub fn routes(route: Route, document: String, bundle: fn() -> String) -> Route {
    let ui = Arc::new(LazyLock::new(move || take_apart(&bundle())));
    let (script, style) = (Arc::clone(&ui), ui);
    let document = Bytes::from(document);
    let files: [(&str, &str, Content); 7] = [
        (
            "/openapi.json",
            "application/json",
            Box::new(move || document.clone()),
        ),
        ("/apidocs", "text/html; charset=utf-8", Box::new(|| PAGE.into())),
        (
            "/apidocs/ui.js",
            "text/javascript; charset=utf-8",
            Box::new(move || script.0.clone()),
        ),
        (
            "/apidocs/ui.css",
            "text/css; charset=utf-8",
            Box::new(move || style.1.clone()),
        ),
        (
            "/apidocs/start.js",
            "text/javascript; charset=utf-8",
            Box::new(|| START.into()),
        ),
        (
            "/portcullis.css",
            "text/css; charset=utf-8",
            Box::new(|| STYLE.into()),
        ),
        ("/portcullis.svg", "image/svg+xml", Box::new(|| LOGO.into())),
    ];
    files.into_iter().fold(route, |route, (path, kind, content)| {
        route.at(path, make_sync(move |_| page(kind, content())))
    })
}

fn page(kind: &str, content: Bytes) -> Response {
    let mut response = Response::builder().content_type(kind).body(Body::from(content));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if kind.starts_with("text/html") {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(PAGE_POLICY),
        );
    }
    response
}

/// Script and style.
fn take_apart(bundle: &str) -> (Bytes, Bytes) {
    let script = between(bundle, "<script charset=\"UTF-8\">", "</script>");
    let style = between(bundle, "<style charset=\"UTF-8\">", "</style>");
    (script.to_owned().into(), style.to_owned().into())
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = text.split_once(begin).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or(rest, |(part, _)| part)
}
