//! The API documentation: the OpenAPI document and a page that shows it, all files from this origin.

use super::extra_route::ExtraRoute;
use super::static_file::StaticFile;
use bytes::Bytes;
use poem::endpoint::make_sync;
use std::sync::{Arc, LazyLock};

const PAGE: &str = include_str!("../assets/apidocs.html");
const START: &str = include_str!("../assets/apidocs.js");
const STYLE: &str = include_str!("../assets/portcullis.css");
const LOGO: &str = include_str!("../assets/portcullis.svg");

const CSS: &str = "text/css; charset=utf-8";

/// The routes of the documentation. `bundle` renders Swagger UI as the framework ships it: one page with inline script and
/// style, which the content security policy forbids. Split into two files, the policy allows it. Split lazily: most
/// instances never serve it, and it is megabytes.
pub fn routes(document: String, bundle: fn() -> String) -> Vec<ExtraRoute> {
    let ui = Arc::new(LazyLock::new(move || split(&bundle())));
    let (script, style) = (Arc::clone(&ui), ui);
    let document = Bytes::from(document);
    let (html, css) = ("text/html; charset=utf-8", CSS);
    let javascript = "text/javascript; charset=utf-8";
    vec![
        file("/openapi.json", "application/json", Box::new(move || document)),
        file("/apidocs", html, Box::new(|| PAGE.into())),
        file("/apidocs/ui.js", javascript, Box::new(move || script.0.clone())),
        file("/apidocs/ui.css", css, Box::new(move || style.1.clone())),
        file("/apidocs/start.js", javascript, Box::new(|| START.into())),
    ]
}

/// Style and logo of all pages.
pub fn assets() -> Vec<ExtraRoute> {
    let svg = "image/svg+xml; charset=utf-8";
    vec![
        file("/portcullis.css", CSS, Box::new(|| STYLE.into())),
        file("/portcullis.svg", svg, Box::new(|| LOGO.into())),
    ]
}

/// Produces a file's content, once.
type Content = Box<dyn FnOnce() -> Bytes + Send + Sync>;

fn file(path: &'static str, media_type: &'static str, content: Content) -> ExtraRoute {
    let file = LazyLock::new(move || StaticFile::new(media_type, content()));
    ExtraRoute::file(path).get(make_sync(move |request| file.response(request.headers())))
}

/// Script and style of the bundle.
fn split(bundle: &str) -> (Bytes, Bytes) {
    let script = between(bundle, "<script charset=\"UTF-8\">", "</script>");
    let style = between(bundle, "<style charset=\"UTF-8\">", "</style>");
    (script.to_owned().into(), style.to_owned().into())
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = text.split_once(begin).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or(rest, |(part, _)| part)
}
