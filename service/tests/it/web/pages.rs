//! Properties of every HTML page, and error pages for browsers.

use crate::support::accounts::{PASSWORD, create_account};
use crate::support::app::{App, send};
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::response::Response;
use http::Method;
use portcullis::http::router::pages;
use portcullis::types::role::Role;

/// The `Accept` header of browsers.
const BROWSER_ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Checks that a response is a complete page: media type, headers, content security policy, markup.
fn assert_page(response: &Response, what: &str) {
    assert_eq!(
        response.header("content-type"),
        "text/html; charset=utf-8",
        "{what}"
    );
    assert!(response.header("cache-control").contains("no-store"), "{what}");
    let policy = response.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("style-src 'self'"),
        "{what}: {policy}"
    );
    assert!(
        !policy.contains("unsafe") && !policy.contains("script"),
        "{what}: {policy}"
    );
    let html = response.text();
    assert!(
        html.starts_with("<!doctype html>") && html.contains("<html lang=\"en\">"),
        "{what}"
    );
    assert_eq!(html.matches("<h1").count(), 1, "{what}");
    for inline in [
        "<script",
        "<style",
        " style=",
        "javascript:",
        " onclick",
        " onload",
        "http-equiv",
    ] {
        assert!(!html.contains(inline), "{what}: {inline}");
    }
}

/// A path of the route table with its parameter filled in.
fn example_path(path: &str) -> String {
    path.replace(":id", "1")
}

/// G1, O1: A browser gets an error page with the status, header fields and request id of the problem that other clients get.
#[test]
fn a_browser_gets_an_error_page_instead_of_a_problem() {
    let app = App::over(&Database::not_created());
    for (method, path, status) in [
        ("GET", "/no-such-thing", 404),
        ("GET", "/?unknown=1", 400),
        ("POST", "/", 405),
    ] {
        let response = send(app.request(method, path).header("Accept", BROWSER_ACCEPT));
        assert_eq!(response.status, status, "{method} {path}");
        assert_page(&response, path);
        assert!(response.text().contains(&status.to_string()));
        assert!(response.text().contains(response.header("x-request-id")));
        let program = send(app.request(method, path).header("Accept", "*/*"));
        program.problem(status);
        assert_eq!(response.header("allow"), program.header("allow"));
    }
    let named = send(app.request("GET", "/?%3Cb%3E=1").header("Accept", BROWSER_ACCEPT));
    assert!(
        named.text().contains("&#60;b&#62;") && !named.text().contains("<b>"),
        "{}",
        named.text()
    );
}

/// O1: API operations answer browsers with problems, too.
#[test]
fn api_operations_answer_browsers_with_problems() {
    let app = App::over(&Database::not_created());
    send(app.request("GET", "/rates").header("Accept", BROWSER_ACCEPT)).problem(400);
    send(app.request("POST", "/version").header("Accept", BROWSER_ACCEPT)).problem(405);
}

/// G1: Every page of the route table answers its listed methods, signed in or not, and rejects all others.
#[test]
fn every_page_answers_its_listed_methods_only() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "ann@example.org", Role::User);
    let (anonymous, member) = (
        Browser::new(&app),
        Browser::signed_in(&app, "ann@example.org", PASSWORD),
    );
    assert_eq!(
        member
            .submit("/my/wishes/new", &[("title", "A wish"), ("note", "")])
            .status,
        303
    );
    let id = database
        .lines("SELECT id::text AS line FROM wishes.wishes")
        .remove(0);
    for page in pages() {
        let path = page.path.replace(":id", &id);
        let has_get = page.methods().any(|(method, _)| *method == Method::GET);
        for (browser, who) in [(&anonymous, "anonymous"), (&member, "member")] {
            let response = browser.get(&path);
            match (has_get, response.status) {
                (true, 200) => assert_page(&response, &path),
                (true, 303) => assert!(!response.header("location").is_empty()),
                // A link without its token.
                (true, 400) => assert!(response.text().contains("<code>token</code>"), "{path}"),
                (false, 405) => assert_page(&response, &path),
                (_, status) => panic!("{who}: GET {path}: {status}"),
            }
        }
        let has_post = page.methods().any(|(method, _)| *method == Method::POST);
        // Without a CSRF token, also for a member.
        let refused = member.post(&path, &[("title", "x")]);
        assert_page(&refused, &path);
        assert_eq!(refused.status, if has_post { 403 } else { 405 }, "POST {path}");
        for method in ["PUT", "PATCH", "DELETE", "TRACE"] {
            let refused = send(app.request(method, &path));
            assert_eq!(refused.status, 405, "{method} {path}");
            assert_page(&refused, &path);
        }
        let options = send(app.request("OPTIONS", &path));
        assert_eq!(options.status, 204, "{path}");
        for (method, allowed) in [("GET", has_get), ("HEAD", has_get), ("POST", has_post)] {
            let listed = options.header("allow").split(", ").any(|listed| listed == method);
            assert_eq!(listed, allowed, "{path}: {method}");
        }
    }
}

/// G1: An unknown or repeated parameter is rejected with an error page that names it.
#[test]
fn pages_reject_unknown_and_repeated_parameters() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "ann@example.org", Role::User);
    let member = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    for page in pages() {
        for (method, parameters) in page.methods() {
            let path = example_path(page.path);
            let refused = send(
                app.request(method.as_str(), &format!("{path}?unknown=1"))
                    .header("accept", BROWSER_ACCEPT),
            );
            assert_eq!(refused.status, 400, "{method} {path}");
            assert!(refused.text().contains("<code>unknown</code>"), "{path}");
            assert_page(&refused, &path);
            for name in parameters {
                let twice = member.get(&format!("{path}?{name}=1&{name}=1"));
                // Parameters are validated before a member is redirected from the sign-in page.
                assert_eq!(twice.status, 400, "{path}?{name}");
                assert!(twice.text().contains(&format!("<code>{name}</code>")), "{path}");
            }
        }
    }
    for bad in [
        "show=some",
        "after=0",
        "after=x",
        "after=%ff",
        "after=9223372036854775808",
    ] {
        let refused = member.get(&format!("/my/wishes?{bad}"));
        assert_eq!(refused.status, 400, "{bad}");
        assert_page(&refused, bad);
    }
}

/// G1: Without a database, pages answer 503 with `Retry-After`; the index and the sign-in page need none without a session.
#[test]
fn pages_without_a_database_are_503_with_retry_after() {
    let database = Database::not_created();
    let app = App::over(&database);
    let browser = Browser::new(&app);
    assert_eq!(browser.get("/sign-in").status, 200);
    assert_page(&browser.get("/"), "/");
    browser.set_cookie(
        "__Host-session",
        Some("q3T1x0m8Yc5yW9rJ4uH2vN7sK6pL0zEfGdB1aQiOtXk"),
    );
    for path in ["/my/wishes", "/sign-in", "/"] {
        let response = browser.get(path);
        assert_eq!(response.status, 503, "{path}");
        assert!(!response.header("retry-after").is_empty(), "{path}");
        assert_page(&response, path);
    }
}
