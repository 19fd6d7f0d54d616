//! Forms: nobody else's are taken, and nothing in them is guessed at.
use crate::support::accounts::{PASSWORD, account};
use crate::support::app::{App, send};
use crate::support::browser::{Browser, token_in};
use crate::support::database::Database;
use portcullis::types::role::Role;

const NEW: &str = "/my/wishes/new";

fn stage() -> (Database, App) {
    let database = Database::fresh();
    account(&database, "ann@example.org", Role::User);
    account(&database, "bob@example.org", Role::User);
    let app = App::over(&database);
    (database, app)
}

fn wishes(database: &Database) -> Vec<String> {
    database.lines("SELECT title AS line FROM wishes.wishes ORDER BY id")
}

/// G7
#[test]
fn a_form_without_its_own_token_is_refused_and_changes_nothing() {
    let (database, app) = stage();
    let ann = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    let bob = Browser::signed_in(&app, "bob@example.org", PASSWORD);
    let elsewhere = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    let own = ann.token(NEW);
    let before = Browser::new(&app).token("/sign-in");
    let swapped: String = own.chars().rev().collect();
    for (token, whose) in [
        ("", "none"),
        ("x", "nonsense"),
        (&swapped, "a guess"),
        (&bob.token(NEW), "another account's"),
        (&elsewhere.token(NEW), "another session's of the same account"),
        (&before, "one from before signing in"),
        (&format!("{own}="), "its own and more"),
    ] {
        let response = ann.post(NEW, &[("csrf", token), ("title", "Forged"), ("note", "")]);
        assert_eq!(response.status, 403, "{whose}");
        assert!(response.text().contains("<h1>"), "{whose}");
    }
    assert_eq!(ann.post(NEW, &[("title", "Forged"), ("note", "")]).status, 403);
    // With the cookie of somebody else planted beside their token: the session still differs.
    ann.set_cookie("__Host-csrf", bob.cookie("__Host-csrf").as_deref());
    let planted = ann.post(
        NEW,
        &[("csrf", &bob.token(NEW)), ("title", "Forged"), ("note", "")],
    );
    assert_eq!(planted.status, 403);
    assert!(wishes(&database).is_empty());
    assert_eq!(ann.submit(NEW, &[("title", "Real"), ("note", "")]).status, 303);
    assert_eq!(wishes(&database), ["Real"]);
}

/// G7: signing in and out are forms like any other.
#[test]
fn nobody_is_signed_in_or_out_by_a_stranger() {
    let (_database, app) = stage();
    let browser = Browser::new(&app);
    let fields = [("email", "bob@example.org"), ("password", PASSWORD)];
    assert_eq!(browser.post("/sign-in", &fields).status, 403);
    assert_eq!(browser.cookie("__Host-session"), None);
    let ann = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    assert_eq!(ann.post("/sign-out", &[]).status, 403);
    assert_eq!(ann.get("/my/wishes").status, 200);
}

/// G7: with the right token, but from somewhere else (W3C Fetch Metadata, RFC 6454).
#[test]
fn what_the_browser_says_comes_from_elsewhere_is_refused() {
    let (database, app) = stage();
    let ann = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    let token = ann.token(NEW);
    let own = format!("http://{}", app.address);
    let secure = format!("https://{}", app.address);
    let (longer, foreign) = (format!("{own}.evil.example"), format!("{own}@evil.example"));
    let fields = [("csrf", token.as_str()), ("title", "Forged"), ("note", "")];
    let refused: &[&[(&str, &str)]] = &[
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", "http://127.0.0.1")],
        &[("origin", "http://127.0.0.1:1")],
        &[("origin", &secure)],
        &[("origin", &longer)],
        &[("origin", &foreign)],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "nonsense")],
        &[
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "cross-site"),
        ],
        &[("origin", &own), ("sec-fetch-site", "cross-site")],
        &[("origin", "null"), ("sec-fetch-site", "none")],
        &[("origin", &own), ("origin", "https://evil.example")],
        &[
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "same-origin"),
        ],
    ];
    for headers in refused {
        assert_eq!(ann.post_with(NEW, &fields, headers).status, 403, "{headers:?}");
    }
    assert!(wishes(&database).is_empty());
    let taken: &[&[(&str, &str)]] = &[
        &[][..],
        &[("origin", &own)],
        // What browsers send from a page that tells no referrer.
        &[("origin", "null"), ("sec-fetch-site", "same-origin")],
        &[("origin", &own), ("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        // The origin that people know, when the service is asked by another name.
        &[("origin", "http://127.0.0.1:3000")],
    ];
    for headers in taken {
        assert_eq!(ann.post_with(NEW, &fields, headers).status, 303, "{headers:?}");
    }
}

/// G4: the names of what is unknown, missing or there twice are told; what is no form is refused.
#[test]
fn forms_are_strict() {
    let (database, app) = stage();
    let ann = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    let csrf = format!("csrf={}", ann.token(NEW));
    for (body, named) in [
        ("title=a&note=&admin=1", "admin"),
        ("title=a&title=b&note=", "title"),
        ("title=a", "note"),
        ("note=", "title"),
        ("title=a&note=&%3Cb%3E=", "&#60;b&#62;"),
    ] {
        let response = ann.post_raw(NEW, &format!("{csrf}&{body}"));
        assert_eq!(response.status, 400, "{body}");
        assert!(
            response.text().contains(&format!("<code>{named}</code>")),
            "{body}: {}",
            response.text()
        );
    }
    // The token twice is no token.
    assert_eq!(
        ann.post_raw(NEW, &format!("{csrf}&{csrf}&title=a&note=")).status,
        400
    );
    for bad in [
        "title=%ff&note=",
        "title=%&note=",
        "title=%zz&note=",
        "title=a%00b&note=",
    ] {
        let response = ann.post_raw(NEW, &format!("{csrf}&{bad}"));
        assert_eq!(response.status, 400, "{bad}");
    }
    for kind in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
    ] {
        let request = app.request("POST", NEW).header("content-type", kind).body("{}");
        let cookie = format!("__Host-session={}", ann.cookie("__Host-session").unwrap());
        let response = send(request.header("cookie", cookie));
        assert_eq!(response.status, 415, "{kind}");
        assert!(response.header("content-type").starts_with("text/html"), "{kind}");
    }
    let large = ann.post_raw(NEW, &format!("{csrf}&title=a&note={}", "n".repeat(70_000)));
    assert_eq!(large.status, 413);
    assert!(large.text().contains("<h1>"));
    assert!(wishes(&database).is_empty());
}

/// G9: what is wrong stands over the form and beside its field, tied together; what was typed is still there, but for
/// what is secret.
#[test]
fn a_refused_form_says_what_is_wrong_and_keeps_what_was_typed() {
    let (_database, app) = stage();
    let browser = Browser::new(&app);
    let response = browser.submit(
        "/sign-up",
        &[("name", "Ann"), ("email", "no address"), ("password", "short")],
    );
    assert_eq!(response.status, 400);
    let html = response.text();
    for part in [
        "<title>Error: ",
        "role=\"alert\"",
        "autofocus",
        "<a href=\"#email\">",
        "aria-invalid=\"true\"",
        "aria-describedby=\"email-fault email-hint\"",
        "id=\"email-fault\"",
        "value=\"no address\"",
        "value=\"Ann\"",
        "autocomplete=\"new-password\"",
    ] {
        assert!(html.contains(part), "{part} is missing: {html}");
    }
    assert!(!html.contains("value=\"short\""));
    assert!(token_in(&response).is_some(), "it can be sent again");
}
