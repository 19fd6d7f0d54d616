//! Pages: what every one of them is, and that a refusal is a page for whoever looks at pages.
use crate::support::app::{App, send};
use crate::support::database::Database;

/// What browsers send.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// G1, O1: the error page, with the status, the header fields and the number of the problem that it stands for.
#[test]
fn a_browser_gets_a_page_where_a_program_gets_a_problem() {
    let app = App::over(&Database::unmade());
    for (method, path, status) in [
        ("GET", "/no-such-thing", 404),
        ("GET", "/?unknown=1", 400),
        ("POST", "/", 405),
    ] {
        let answer = send(app.request(method, path).header("Accept", BROWSER));
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{method} {path}"
        );
        assert!(answer.header("cache-control").contains("no-store"));
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("style-src 'self'") && !policy.contains("script"),
            "{policy}"
        );
        assert!(answer.text().contains(&status.to_string()) && answer.text().contains("<h1>"));
        assert!(answer.text().contains(answer.header("x-request-id")));
        let program = send(app.request(method, path).header("Accept", "*/*"));
        program.problem(status);
        assert_eq!(answer.header("allow"), program.header("allow"));
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
