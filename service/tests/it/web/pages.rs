//! Pages: what every one of them is, and that a refusal is a page for whoever looks at pages.
use crate::support::accounts::{PASSWORD, account};
use crate::support::app::{App, send};
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::response::Response;
use http::Method;
use portcullis::http::web::table::PAGES;
use portcullis::types::role::Role;

/// What browsers send.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A page, whole: its kind, its policy, its headers.
fn is_page(response: &Response, what: &str) {
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

/// A path of the table with something in the place of its parameter.
fn example(path: &str) -> String {
    path.replace(":id", "1")
}

/// G1, O1: the error page, with the status, the header fields and the number of the problem that it stands for.
#[test]
fn a_browser_gets_a_page_where_a_program_gets_a_problem() {
    let app = App::over(&Database::unmade());
    for (method, path, status) in [
        ("GET", "/no-such-thing", 404),
        ("GET", "/?unknown=1", 400),
        ("POST", "/", 405),
    ] {
        let response = send(app.request(method, path).header("Accept", BROWSER));
        assert_eq!(response.status, status, "{method} {path}");
        is_page(&response, path);
        assert!(response.text().contains(&status.to_string()));
        assert!(response.text().contains(response.header("x-request-id")));
        let program = send(app.request(method, path).header("Accept", "*/*"));
        program.problem(status);
        assert_eq!(response.header("allow"), program.header("allow"));
    }
    let named = send(app.request("GET", "/?%3Cb%3E=1").header("Accept", BROWSER));
    assert!(
        named.text().contains("&#60;b&#62;") && !named.text().contains("<b>"),
        "{}",
        named.text()
    );
}

/// O1: an operation answers a problem whoever asks.
#[test]
fn operations_answer_problems_to_browsers_too() {
    let app = App::over(&Database::unmade());
    send(app.request("GET", "/rates").header("Accept", BROWSER)).problem(400);
    send(app.request("POST", "/version").header("Accept", BROWSER)).problem(405);
}

/// G1: every page of the table is there, for a stranger and for a member, and no other method is.
#[test]
fn every_page_answers_the_methods_that_it_lists_and_no_other() {
    let database = Database::fresh();
    let app = App::over(&database);
    account(&database, "ann@example.org", Role::User);
    let (stranger, member) = (
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
    for page in &PAGES {
        let path = page.path.replace(":id", &id);
        let looks = page.methods.iter().any(|(method, _)| *method == Method::GET);
        for (browser, who) in [(&stranger, "stranger"), (&member, "member")] {
            let response = browser.get(&path);
            match (looks, response.status) {
                (true, 200) => is_page(&response, &path),
                (true, 303) => assert!(!response.header("location").is_empty()),
                // A link without its token.
                (true, 400) => assert!(response.text().contains("<code>token</code>"), "{path}"),
                (false, 405) => is_page(&response, &path),
                (_, status) => panic!("{who}: GET {path}: {status}"),
            }
        }
        let sends = page.methods.iter().any(|(method, _)| *method == Method::POST);
        // Without the token of a form, whoever sends it.
        let refused = member.post(&path, &[("title", "x")]);
        is_page(&refused, &path);
        assert_eq!(refused.status, if sends { 403 } else { 405 }, "POST {path}");
        for method in ["PUT", "PATCH", "DELETE", "TRACE"] {
            let refused = send(app.request(method, &path));
            assert_eq!(refused.status, 405, "{method} {path}");
            is_page(&refused, &path);
        }
        let options = send(app.request("OPTIONS", &path));
        assert_eq!(options.status, 204, "{path}");
        for (method, allowed) in [("GET", looks), ("HEAD", looks), ("POST", sends)] {
            let listed = options.header("allow").split(", ").any(|listed| listed == method);
            assert_eq!(listed, allowed, "{path}: {method}");
        }
    }
}

/// G1: a parameter that a page does not know, and one that comes twice, are refused on a page that names them.
#[test]
fn pages_take_the_parameters_that_they_list_once_each() {
    let database = Database::fresh();
    let app = App::over(&database);
    account(&database, "ann@example.org", Role::User);
    let member = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    for page in &PAGES {
        for (method, parameters) in page.methods {
            let path = example(page.path);
            let refused = send(
                app.request(method.as_str(), &format!("{path}?unknown=1"))
                    .header("accept", BROWSER),
            );
            assert_eq!(refused.status, 400, "{method} {path}");
            assert!(refused.text().contains("<code>unknown</code>"), "{path}");
            is_page(&refused, &path);
            for name in *parameters {
                let twice = member.get(&format!("{path}?{name}=1&{name}=1"));
                // Whoever is signed in is sent home from the sign-in page, whatever they ask of it.
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
        is_page(&refused, bad);
    }
}

/// G1: without the database a page says so, and the index is there for whoever brings no session.
#[test]
fn a_page_without_its_database_is_back_in_a_moment() {
    let database = Database::unmade();
    let app = App::over(&database);
    let browser = Browser::new(&app);
    assert_eq!(browser.get("/sign-in").status, 200);
    is_page(&browser.get("/"), "/");
    browser.set_cookie(
        "__Host-session",
        Some("q3T1x0m8Yc5yW9rJ4uH2vN7sK6pL0zEfGdB1aQiOtXk"),
    );
    for path in ["/my/wishes", "/sign-in", "/"] {
        let response = browser.get(path);
        assert_eq!(response.status, 503, "{path}");
        assert!(!response.header("retry-after").is_empty(), "{path}");
        is_page(&response, path);
    }
}
