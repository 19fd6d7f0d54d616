//! The documentation page `/apidocs`: its files and its content security policy.

use crate::support::app::{App, send};
use crate::support::database::Database;

/// A4: Every file of the documentation page is served from our origin and allowed by its content security policy.
#[test]
fn every_file_of_the_documentation_page_is_served_and_allowed() {
    let database = Database::not_created();
    let app = App::over(&database);
    let page = app.get("/apidocs");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    for needed in [
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(needed), "{needed} is missing in {policy}");
    }
    let files = linked_files(page.text());
    assert!(
        files.iter().any(|file| file.ends_with(".js")) && files.iter().any(|file| file.ends_with(".css"))
    );
    for file in files.iter().filter(|file| !file.starts_with("data:")) {
        assert!(
            file.starts_with('/') && !file.starts_with("//"),
            "{file} is from another origin"
        );
        let response = app.get(file);
        assert_eq!(response.status, 200, "{file}");
        assert!(!response.body.is_empty(), "{file}");
        let kind = match file.rsplit('.').next().unwrap() {
            "js" => "text/javascript",
            "css" => "text/css",
            "json" => "application/json",
            _ => "",
        };
        assert!(response.header("content-type").starts_with(kind), "{file}");
    }
    assert!(
        !page.text().contains("<script>")
            && !page.text().contains("<style")
            && !page.text().contains(" style=")
    );
}

/// A4, A6: A setting switches the documentation and the details of the build off; pages then do not link to it, and keep their
/// style.
#[test]
fn a_setting_switches_the_documentation_off() {
    let database = Database::not_created();
    let app = App::start(&database.settings(&[("API_DOCS", "off")]));
    for path in ["/apidocs", "/apidocs/ui.js", "/apidocs/start.js", "/openapi.json"] {
        app.get(path).problem(404);
    }
    let version = app.get("/version").json();
    let members: Vec<_> = version.as_object().unwrap().keys().collect();
    assert_eq!(members, ["version"]);
    let page = send(app.request("GET", "/").header("accept", "text/html"));
    assert!(page.status == 200 && !page.text().contains("apidocs"), "{page:?}");
    assert_eq!(app.get("/portcullis.css").status, 200);
    let logo = app.get("/portcullis.svg");
    assert_eq!(logo.header("content-type"), "image/svg+xml; charset=utf-8");
}

/// A4: The viewer's scripts and styles, which are extracted from the bundle, are complete, and it loads our document.
#[test]
fn the_viewer_is_complete_and_loads_our_document() {
    let database = Database::not_created();
    let app = App::over(&database);
    let script = app.get("/apidocs/ui.js");
    assert!(script.body.len() > 100_000 && script.text().contains("SwaggerUIBundle"));
    assert!(!script.text().trim_start().starts_with('<'));
    let style = app.get("/apidocs/ui.css");
    assert!(style.body.len() > 10_000 && style.text().contains(".swagger-ui"));
    assert!(app.get("/apidocs/start.js").text().contains("/openapi.json"));
}

/// The values of `src` and `href`.
fn linked_files(html: &str) -> Vec<String> {
    let parts = html.split(['<', ' ', '>']);
    let values = parts.filter_map(|part| {
        part.strip_prefix("src=\"")
            .or_else(|| part.strip_prefix("href=\""))
    });
    values
        .map(|value| value.trim_end_matches(['"', '/']).to_owned())
        .filter(|value| !value.is_empty())
        .collect()
}

/// A4: A file that the client has is not sent again, and a large one is compressed for who accepts that.
#[test]
fn files_are_revalidated_and_compressed() {
    let database = Database::not_created();
    let app = App::over(&database);
    for path in [
        "/openapi.json",
        "/apidocs",
        "/apidocs/ui.js",
        "/portcullis.css",
        "/portcullis.svg",
    ] {
        for coding in ["identity", "gzip"] {
            let get = || app.request("GET", path).header("Accept-Encoding", coding);
            let first = send(get());
            assert_eq!(first.status, 200, "{path}");
            let etag = first.header("etag").to_owned();
            assert!(etag.starts_with('"'), "{path}: {etag}");
            let second = send(get().header("If-None-Match", &etag));
            assert_eq!((second.status, second.body.len()), (304, 0), "{path}");
            assert_eq!(second.header("etag"), etag);
            assert_eq!(second.header("cache-control"), "no-cache");
            let other = send(get().header("If-None-Match", "\"other\""));
            assert_eq!(other.status, 200, "{path}");
            assert_eq!(other.header("content-encoding"), first.header("content-encoding"));
        }
    }
    let size = |coding: &str| {
        let response = send(
            app.request("GET", "/openapi.json")
                .header("Accept-Encoding", coding),
        );
        assert_eq!(response.header("vary"), "Accept-Encoding");
        response.body.len()
    };
    assert!(size("gzip") * 4 < size("identity"));
}
