//! The API documentation: the OpenAPI document and a page that shows it, all files from this origin.

use super::extra_route::ExtraRoute;
use crate::http::assets::static_file::{Caching, StaticFile};
use askama::Template;
use bytes::Bytes;
use poem::endpoint::make_sync;
use std::sync::LazyLock;

#[derive(Template)]
#[template(path = "web/apidocs.html")]
struct ApiDocs;

/// The routes of the documentation, besides its assets.
pub fn routes(document: String) -> Vec<ExtraRoute> {
    let document = Bytes::from(document);
    let html = "text/html; charset=utf-8";
    let page = || ApiDocs.render().unwrap_or_default().into();
    vec![
        file("/openapi.json", "application/json", Box::new(move || document)),
        file("/apidocs", html, Box::new(page)),
    ]
}

/// Produces a file's content, once.
type Content = Box<dyn FnOnce() -> Bytes + Send + Sync>;

fn file(path: &'static str, media_type: &'static str, content: Content) -> ExtraRoute {
    let file = LazyLock::new(move || StaticFile::new(media_type, content()));
    ExtraRoute::file(path).get(make_sync(move |request| {
        file.response(request.headers(), Caching::Revalidate)
    }))
}
