//! The files that pages use, under names with a digest and under plain names.

use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::response::Response;

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

fn page(app: &App, path: &str) -> Response {
    send(app.request("GET", path).header("Accept", "text/html"))
}

/// The values of `src`, and of `href` in links to files.
fn assets(html: &str) -> Vec<String> {
    let tags = html
        .split('<')
        .filter(|tag| tag.starts_with("link ") || tag.starts_with("script "));
    let attributes = tags.flat_map(|tag| tag.split([' ', '>']));
    let values = attributes.filter_map(|attribute| {
        let value = attribute
            .strip_prefix("src=\"")
            .or_else(|| attribute.strip_prefix("href=\""));
        Some(value?.trim_end_matches('"').to_owned())
    });
    values.collect()
}

/// `/assets/ui.js` of `/assets/ui.DIGEST.js`, and the digest.
fn without_digest(path: &str) -> (String, String) {
    let parts: Vec<&str> = path.split('.').collect();
    let [stem, digest, extension] = parts[..] else {
        panic!("{path} has no digest");
    };
    assert!(
        digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{path}"
    );
    (format!("{stem}.{extension}"), digest.to_owned())
}

/// A4: Pages link to assets by names with a digest only, and browsers may keep those for a year: revalidated, compressed or not.
#[test]
fn pages_link_to_immutable_assets() {
    let app = App::over(&Database::not_created());
    let mut all = Vec::new();
    for (path, status) in [
        ("/", 200),
        ("/sign-in", 200),
        ("/apidocs", 200),
        ("/nothing", 404),
    ] {
        let page = page(&app, path);
        assert_eq!(page.status, status, "{path}");
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("style-src 'self'") && !policy.contains("unsafe"),
            "{policy}"
        );
        let assets = assets(page.text());
        assert!(assets.len() >= 2, "{path}: {assets:?}");
        all.extend(assets);
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 5, "{all:?}");
    for path in &all {
        without_digest(path);
        for coding in ["identity", "gzip"] {
            let get = || app.request("GET", path).header("Accept-Encoding", coding);
            let first = send(get());
            assert_eq!(
                (first.status, first.header("cache-control")),
                (200, IMMUTABLE),
                "{path}"
            );
            assert_eq!(first.header("x-content-type-options"), "nosniff", "{path}");
            let etag = first.header("etag").to_owned();
            let second = send(get().header("If-None-Match", &etag));
            assert_eq!((second.status, second.body.len()), (304, 0), "{path}");
            assert_eq!(second.header("cache-control"), IMMUTABLE, "{path}");
            assert_eq!(second.header("etag"), etag, "{path}");
        }
    }
    let style = all
        .iter()
        .find(|path| path.contains("portcullis") && path.ends_with(".css"));
    let get = |coding: &str| {
        send(
            app.request("GET", style.unwrap())
                .header("Accept-Encoding", coding),
        )
    };
    let (whole, gzip) = (get("identity"), get("gzip"));
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert_eq!(gzip.header("vary"), "Accept-Encoding");
    assert!(gzip.body.len() * 2 < whole.body.len());
    assert_ne!(gzip.header("etag"), whole.header("etag"));
}

/// A4: The plain name serves the same file, revalidated; a name with another digest or without one is 404 and is not stored.
#[test]
fn a_wrong_digest_is_not_found() {
    let app = App::over(&Database::not_created());
    for path in assets(page(&app, "/apidocs").text()) {
        let (without, digest) = without_digest(&path);
        let last = if digest.ends_with('0') { "1" } else { "0" };
        let wrong = path.replace(&digest, &format!("{}{last}", &digest[..31]));
        let upper = path.replace(&digest, &digest.to_uppercase());
        let twice = format!("{path}{}", &path["/assets".len()..]);
        for other in [&without, &wrong, &upper, &twice, &format!("{path}x")] {
            let response = app.get(other);
            response.problem(404);
            assert!(response.header("cache-control").contains("no-store"), "{other}");
        }
        let plain = without.replace("/assets/", "/");
        let plain = [plain.clone(), format!("/apidocs{plain}")].map(|path| app.get(&path));
        let plain = plain.iter().find(|response| response.status == 200).unwrap();
        assert_eq!(plain.header("cache-control"), "no-cache");
        assert_eq!(plain.body, app.get(&path).body, "{path}");
    }
    let options = send(app.request("OPTIONS", "/assets/x.css"));
    assert_eq!(options.header("allow"), "GET, HEAD, OPTIONS");
}

/// A4: Without the API documentation, its assets are not served under the names that pages link to.
#[test]
fn assets_of_the_documentation_are_switched_off_with_it() {
    let database = Database::not_created();
    let with = assets(page(&App::over(&database), "/apidocs").text());
    let app = App::start(&database.settings(&[("API_DOCS", "off")]));
    let pages = assets(page(&app, "/").text());
    for path in with {
        let expected = if pages.contains(&path) { 200 } else { 404 };
        assert_eq!(app.get(&path).status, expected, "{path}");
    }
}
