//! The files that pages use. A page links to a name with the digest of the content, which clients keep without asking again;
//! the same file under its plain name is revalidated.

/// Files with entity tags and compression.
pub mod static_file;

use crate::http::openapi::extra_route::ExtraRoute;
use bytes::Bytes;
use http::StatusCode;
use poem::endpoint::make_sync;
use poem::{Request, Response};
use poem_openapi::OpenApiService;
use static_file::{Caching, StaticFile};
use std::sync::{LazyLock, OnceLock};

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml; charset=utf-8";

/// The style of all pages.
pub static STYLE: Asset = Asset::new("/portcullis.css", CSS, || include_str!("portcullis.css").into());

/// The logo.
pub static LOGO: Asset = Asset::new("/portcullis.svg", SVG, || include_str!("portcullis.svg").into());

/// The script of Swagger UI.
pub static UI_SCRIPT: Asset = Asset::new("/apidocs/ui.js", JAVASCRIPT, || SWAGGER_UI.0.clone());

/// The style of Swagger UI.
pub static UI_STYLE: Asset = Asset::new("/apidocs/ui.css", CSS, || SWAGGER_UI.1.clone());

/// The script that starts Swagger UI.
pub static UI_START: Asset = Asset::new("/apidocs/start.js", JAVASCRIPT, || {
    include_str!("apidocs.js").into()
});

/// Script and style of Swagger UI. The framework ships it as one page with both inline, which the content security policy
/// forbids. Split lazily: most instances never serve it, and it is megabytes.
static SWAGGER_UI: LazyLock<(Bytes, Bytes)> = LazyLock::new(|| {
    let page = OpenApiService::new((), "", "").swagger_ui_html();
    let script = between(&page, "<script charset=\"UTF-8\">", "</script>");
    let style = between(&page, "<style charset=\"UTF-8\">", "</style>");
    (script.to_owned().into(), style.to_owned().into())
});

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = text.split_once(begin).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or(rest, |(part, _)| part)
}

/// A file that pages use.
pub struct Asset {
    /// Its plain name.
    path: &'static str,
    media_type: &'static str,
    content: fn() -> Bytes,
    named: OnceLock<NamedFile>,
}

/// A file and its name with the digest.
struct NamedFile {
    file: StaticFile,
    url: String,
}

impl Asset {
    const fn new(path: &'static str, media_type: &'static str, content: fn() -> Bytes) -> Self {
        Self {
            path,
            media_type,
            content,
            named: OnceLock::new(),
        }
    }

    /// The path that pages link to: it changes with the content.
    pub fn url(&self) -> &str {
        &self.named().url
    }

    fn named(&self) -> &NamedFile {
        self.named.get_or_init(|| {
            let file = StaticFile::new(self.media_type, (self.content)());
            let url = url(self.path, file.digest());
            NamedFile { file, url }
        })
    }

    fn response(&self, request: &Request, caching: Caching) -> Response {
        self.named().file.response(request.headers(), caching)
    }
}

/// `/assets/ui.DIGEST.js` of `/apidocs/ui.js`.
fn url(path: &str, digest: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("/assets/{stem}.{digest}.{extension}")
}

/// The routes of all files, each under both names. Those of the documentation are served only with it.
pub fn routes(has_api_docs: bool) -> Vec<ExtraRoute> {
    let mut served: Vec<&'static Asset> = vec![&STYLE, &LOGO];
    if has_api_docs {
        served.extend([&UI_START, &UI_STYLE, &UI_SCRIPT]);
    }
    let plain = |asset: &&'static Asset| {
        let asset = *asset;
        let serve = make_sync(move |request: Request| asset.response(&request, Caching::Revalidate));
        ExtraRoute::file(asset.path).get(serve)
    };
    let mut routes: Vec<ExtraRoute> = served.iter().map(plain).collect();
    let named = make_sync(move |request: Request| {
        let requested = request.uri().path();
        match served.iter().find(|asset| asset.url() == requested) {
            Some(asset) => asset.response(&request, Caching::Immutable),
            None => Response::builder().status(StatusCode::NOT_FOUND).finish(),
        }
    });
    routes.push(ExtraRoute::file("/assets/:name").get(named));
    routes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_contains_the_digest_of_the_content() {
        assert_eq!(url("/apidocs/ui.js", "0a1b"), "/assets/ui.0a1b.js");
        assert_eq!(STYLE.url(), url("/portcullis.css", STYLE.named().file.digest()));
        assert_ne!(STYLE.named().file.digest(), LOGO.named().file.digest());
    }
}
