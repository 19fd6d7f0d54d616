//! Forms: CSRF protection and strict parsing.

use crate::support::accounts::{PASSWORD, create_account};
use crate::support::app::{App, send};
use crate::support::browser::{Browser, token_in};
use crate::support::database::Database;
use portcullis::types::role::Role;

const NEW_WISH: &str = "/my/wishes/new";

fn app() -> (Database, App) {
    let database = Database::fresh();
    create_account(&database, "ann@example.org", Role::User);
    create_account(&database, "bob@example.org", Role::User);
    let app = App::over(&database);
    (database, app)
}

fn wish_titles(database: &Database) -> Vec<String> {
    database.lines("SELECT title AS line FROM wishes.wishes ORDER BY id")
}

/// G7: A form without the CSRF token of its own session is rejected and changes nothing.
#[test]
fn a_form_without_its_sessions_csrf_token_is_rejected() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    let bob = Browser::signed_in(&app, "bob@example.org", PASSWORD);
    let elsewhere = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    let own = ann.token(NEW_WISH);
    let anonymous = Browser::new(&app).token("/sign-in");
    let swapped: String = own.chars().rev().collect();
    for (token, whose) in [
        ("", "none"),
        ("x", "nonsense"),
        (&swapped, "a guess"),
        (&bob.token(NEW_WISH), "another account's"),
        (
            &elsewhere.token(NEW_WISH),
            "another session's of the same account",
        ),
        (&anonymous, "one from before signing in"),
        (&format!("{own}="), "its own with a suffix"),
    ] {
        let response = ann.post(NEW_WISH, &[("csrf", token), ("title", "Forged"), ("note", "")]);
        assert_eq!(response.status, 403, "{whose}");
        assert!(response.text().contains("<h1>"), "{whose}");
    }
    assert_eq!(
        ann.post(NEW_WISH, &[("title", "Forged"), ("note", "")]).status,
        403
    );
    // With the CSRF cookie of another user beside their token: the session still differs.
    ann.set_cookie("__Host-csrf", bob.cookie("__Host-csrf").as_deref());
    let planted = ann.post(
        NEW_WISH,
        &[("csrf", &bob.token(NEW_WISH)), ("title", "Forged"), ("note", "")],
    );
    assert_eq!(planted.status, 403);
    assert!(wish_titles(&database).is_empty());
    assert_eq!(
        ann.submit(NEW_WISH, &[("title", "Real"), ("note", "")]).status,
        303
    );
    assert_eq!(wish_titles(&database), ["Real"]);
}

/// G7: Signing in and signing out require a CSRF token as well.
#[test]
fn signing_in_and_out_require_a_csrf_token() {
    let (_database, app) = app();
    let browser = Browser::new(&app);
    let fields = [("email", "bob@example.org"), ("password", PASSWORD)];
    assert_eq!(browser.post("/sign-in", &fields).status, 403);
    assert_eq!(browser.cookie("__Host-session"), None);
    let ann = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    assert_eq!(ann.post("/sign-out", &[]).status, 403);
    assert_eq!(ann.get("/my/wishes").status, 200);
}

/// G7: A form with the right token is rejected when the browser reports another origin (W3C Fetch Metadata, RFC 6454), and
/// accepted when it reports none.
#[test]
fn a_form_from_another_origin_is_rejected() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    let token = ann.token(NEW_WISH);
    let own = format!("http://{}", app.address);
    let secure = format!("https://{}", app.address);
    let (prefixed, userinfo) = (format!("{own}.evil.example"), format!("{own}@evil.example"));
    let fields = [("csrf", token.as_str()), ("title", "Forged"), ("note", "")];
    let refused: &[&[(&str, &str)]] = &[
        &[("origin", "https://evil.example")][..],
        &[("origin", "")],
        &[("origin", "http://127.0.0.1")],
        &[("origin", "http://127.0.0.1:1")],
        &[("origin", &secure)],
        &[("origin", &prefixed)],
        &[("origin", &userinfo)],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "nonsense")],
        &[
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "cross-site"),
        ],
        &[("origin", &own), ("sec-fetch-site", "cross-site")],
        &[("origin", "null"), ("sec-fetch-site", "cross-site")],
        &[("origin", &own), ("origin", "https://evil.example")],
        &[
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "same-origin"),
        ],
    ];
    for headers in refused {
        assert_eq!(
            ann.post_with(NEW_WISH, &fields, headers).status,
            403,
            "{headers:?}"
        );
    }
    assert!(wish_titles(&database).is_empty());
    let accepted: &[&[(&str, &str)]] = &[
        &[][..],
        &[("origin", &own)],
        // What browsers send from a page with `Referrer-Policy: no-referrer`.
        &[("origin", "null"), ("sec-fetch-site", "same-origin")],
        // The same from browsers without Fetch Metadata, or when the browser repeats a request by itself.
        &[("origin", "null")],
        &[("origin", "null"), ("sec-fetch-site", "none")],
        &[("origin", &own), ("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        // The public origin, when the request arrives under another host name.
        &[("origin", "http://127.0.0.1:3000")],
    ];
    for headers in accepted {
        let submitted = [
            ("csrf", ann.token(NEW_WISH)),
            ("title", "Real".into()),
            ("note", String::new()),
        ];
        let submitted = submitted.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(
            ann.post_with(NEW_WISH, &submitted, headers).status,
            303,
            "{headers:?}"
        );
    }
    assert_eq!(wish_titles(&database).len(), accepted.len());
    // Without an origin, the token alone decides.
    for headers in [&[("origin", "null")][..], &[("sec-fetch-site", "none")], &[]] {
        let guessed = ann.post_with(
            NEW_WISH,
            &[("csrf", "x"), ("title", "Forged"), ("note", "")],
            headers,
        );
        assert_eq!(guessed.status, 403, "{headers:?}");
        assert!(
            !guessed.text().contains("Forged") && token_in(&guessed).is_none(),
            "{headers:?}"
        );
    }
}

/// G4: Unknown, missing and repeated fields are named; malformed encodings, other media types and large bodies are rejected.
#[test]
fn forms_are_parsed_strictly() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, "ann@example.org", PASSWORD);
    let csrf = format!("csrf={}", ann.token(NEW_WISH));
    for (body, named) in [
        ("title=a&note=&admin=1", "admin"),
        ("title=a&title=b&note=", "title"),
        ("title=a", "note"),
        ("note=", "title"),
        ("title=a&note=&%3Cb%3E=", "&#60;b&#62;"),
    ] {
        let response = ann.post_raw(NEW_WISH, &format!("{csrf}&{body}"));
        assert_eq!(response.status, 400, "{body}");
        assert!(
            response.text().contains(&format!("<code>{named}</code>")),
            "{body}: {}",
            response.text()
        );
    }
    // A repeated token is rejected.
    assert_eq!(
        ann.post_raw(NEW_WISH, &format!("{csrf}&{csrf}&title=a&note="))
            .status,
        400
    );
    for bad in [
        "title=%ff&note=",
        "title=%&note=",
        "title=%zz&note=",
        "title=a%00b&note=",
    ] {
        let response = ann.post_raw(NEW_WISH, &format!("{csrf}&{bad}"));
        assert_eq!(response.status, 400, "{bad}");
    }
    for kind in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
    ] {
        let request = app
            .request("POST", NEW_WISH)
            .header("content-type", kind)
            .body("{}");
        let cookie = format!("__Host-session={}", ann.cookie("__Host-session").unwrap());
        let response = send(request.header("cookie", cookie));
        assert_eq!(response.status, 415, "{kind}");
        assert!(response.header("content-type").starts_with("text/html"), "{kind}");
    }
    let large = ann.post_raw(NEW_WISH, &format!("{csrf}&title=a&note={}", "n".repeat(70_000)));
    assert_eq!(large.status, 413);
    assert!(large.text().contains("<h1>"));
    assert!(wish_titles(&database).is_empty());
}

/// G9: A rejected form lists its errors above the form and at each field, linked for assistive technology, and keeps the
/// input except secrets.
#[test]
fn a_rejected_form_lists_its_errors_and_keeps_the_input() {
    let (_database, app) = app();
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
        "aria-describedby=\"email-error email-hint\"",
        "id=\"email-error\"",
        "value=\"no address\"",
        "value=\"Ann\"",
        "autocomplete=\"new-password\"",
    ] {
        assert!(html.contains(part), "{part} is missing: {html}");
    }
    assert!(!html.contains("value=\"short\""));
    assert!(token_in(&response).is_some(), "the form can be submitted again");
}
