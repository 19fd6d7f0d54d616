//! Forms of ours whose CSRF token no longer fits, because something happened in another window: no dead end, and nothing is
//! lost. Forged forms stay rejected and get nothing.

use crate::support::accounts::{PASSWORD, create_account};
use crate::support::app::App;
use crate::support::browser::{Browser, token_in};
use crate::support::database::Database;
use crate::support::mailed_links::token;
use crate::support::response::Response;
use portcullis::types::role::Role;

const ANN: &str = "ann@example.org";
const NEW_WISH: &str = "/my/wishes/new";

/// What browsers report about a form of ours.
const OWN: &[(&str, &str)] = &[("origin", "null"), ("sec-fetch-site", "same-origin")];

fn app() -> (Database, App) {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    create_account(&database, "bob@example.org", Role::User);
    let app = App::over(&database);
    (database, app)
}

fn sign_in(browser: &Browser<'_>, email: &str) {
    let signed_in = browser.submit("/sign-in", &[("email", email), ("password", PASSWORD)]);
    assert_eq!(signed_in.status, 303);
}

fn sign_out(browser: &Browser<'_>) {
    let csrf = browser.token("/my/wishes");
    assert_eq!(browser.post("/sign-out", &[("csrf", &csrf)]).status, 303);
}

fn wishes(database: &Database) -> Vec<String> {
    database.lines("SELECT title AS line FROM wishes.wishes ORDER BY id")
}

fn assert_redirect(response: &Response, target: &str) {
    assert_eq!(
        (response.status, response.header("location")),
        (303, target),
        "{response:?}"
    );
}

/// G11: Who has signed in in another window is led on from the sign-in and the sign-up form.
#[test]
fn a_second_sign_in_form_leads_on() {
    let (_database, app) = app();
    let ann = Browser::new(&app);
    let (sign_in_form, sign_up_form) = (ann.token("/sign-in?next=%2Fmy%2Faccount"), ann.token("/sign-up"));
    sign_in(&ann, ANN);
    let session = ann.cookie("__Host-session");
    let fields = [
        ("csrf", sign_in_form.as_str()),
        ("email", ANN),
        ("password", PASSWORD),
        ("next", "/my/account"),
    ];
    assert_redirect(&ann.post_with("/sign-in", &fields, OWN), "/my/account");
    let fields = [
        ("csrf", sign_up_form.as_str()),
        ("name", "A"),
        ("email", ANN),
        ("password", PASSWORD),
    ];
    assert_redirect(&ann.post_with("/sign-up", &fields, OWN), "/my/wishes");
    assert_eq!(ann.cookie("__Host-session"), session);
}

/// G11: A form that was opened before another sign-in is shown again with its text and a new token; nothing was executed.
#[test]
fn a_form_of_an_earlier_session_is_shown_again_with_its_text() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let old = ann.token(NEW_WISH);
    let fields = [
        ("csrf", old.as_str()),
        ("title", "A <long> text"),
        ("note", "with a note"),
    ];
    sign_out(&ann);
    sign_in(&ann, ANN);
    let own_origin = format!("http://{}", app.address);
    for headers in [OWN, &[("origin", own_origin.as_str())]] {
        let again = ann.post_with(NEW_WISH, &fields, headers);
        assert_eq!(again.status, 409);
        for part in [
            "value=\"A &#60;long&#62; text\"",
            "with a note</textarea>",
            "in another window",
            "role=\"alert\"",
        ] {
            assert!(again.text().contains(part), "{part}: {}", again.text());
        }
        assert!(wishes(&database).is_empty());
        let csrf = token_in(&again).unwrap();
        assert_ne!(csrf, old);
    }
    let again = ann.post_with(NEW_WISH, &fields, OWN);
    let csrf = token_in(&again).unwrap();
    let sent = ann.post_with(
        NEW_WISH,
        &[&[("csrf", csrf.as_str())], &fields[1..]].concat(),
        OWN,
    );
    assert_redirect(&sent, "/my/wishes");
    assert_eq!(wishes(&database), ["A <long> text"]);
}

/// G7, G11: A form that is not known to be ours gets neither its text nor a new token.
#[test]
fn a_forged_form_is_not_shown_again() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let own = ann.token(NEW_WISH);
    for (path, fields) in [
        (NEW_WISH, vec![("title", "Forged"), ("note", "Forged")]),
        ("/my/account/name", vec![("name", "Forged")]),
        ("/sign-in", vec![("email", "Forged"), ("password", "Forged")]),
    ] {
        for (headers, csrf) in [
            (&[("sec-fetch-site", "cross-site")][..], own.as_str()),
            (&[("sec-fetch-site", "cross-site")], "x"),
            (&[("sec-fetch-site", "same-site")], "x"),
            (&[("origin", "https://evil.example")], "x"),
            (&[("origin", "null")], "x"),
            (&[], "x"),
        ] {
            let forged = ann.post_with(path, &[&[("csrf", csrf)], fields.as_slice()].concat(), headers);
            assert_eq!(forged.status, 403, "{path} {headers:?}");
            assert!(!forged.text().contains("Forged"), "{path} {headers:?}");
            assert!(!forged.text().contains("name=\"csrf\""), "{path} {headers:?}");
        }
    }
    assert!(wishes(&database).is_empty());
}

/// G11: A form sent without a session leads to the sign-in page, and from there to its page.
#[test]
fn a_form_without_a_session_leads_to_signing_in_and_back() {
    let (_database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let csrf = ann.token(NEW_WISH);
    sign_out(&ann);
    let fields = [("csrf", csrf.as_str()), ("title", "A text"), ("note", "")];
    for headers in [OWN, &[]] {
        let response = ann.post_with(NEW_WISH, &fields, headers);
        assert_redirect(&response, "/sign-in?next=%2Fmy%2Fwishes%2Fnew");
    }
    // A form without a page of its own leads to the one that has it.
    let marked = ann.post_with("/my/wishes/7/done", &[("csrf", &csrf), ("done", "yes")], OWN);
    assert_redirect(&marked, "/my/wishes/7");
    let fields = [
        ("csrf", csrf.as_str()),
        ("done", "yes"),
        ("next", "/my/wishes?show=open"),
    ];
    assert_redirect(
        &ann.post_with("/my/wishes/7/done", &fields, OWN),
        "/my/wishes?show=open",
    );
    sign_in(&ann, ANN);
    assert!(ann.post_with("/my/wishes/7/done", &fields, OWN).status == 303);
    assert!(ann.get("/my/wishes").text().contains("Nothing was changed"));
}

/// G11: What was entered is in the form again after signing in, for the same account and browser only.
#[test]
fn a_form_without_a_session_keeps_its_text_until_its_user_signs_in() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let csrf = ann.token(NEW_WISH);
    let name = ann.token("/my/account/password");
    sign_out(&ann);
    let fields = [("csrf", csrf.as_str()), ("title", "A text"), ("note", "A note")];
    let unknown = ann.duplicate();
    assert_eq!(unknown.post(NEW_WISH, &fields).status, 303);
    sign_in(&unknown, ANN);
    assert!(
        !unknown.get(NEW_WISH).text().contains("A text"),
        "it may be forged"
    );
    assert_eq!(ann.post_with(NEW_WISH, &fields, OWN).status, 303);
    let stored = database.lines("SELECT encode(answer, 'escape') AS line FROM sessions.form_answers");
    assert!(!stored.iter().any(|answer| answer.contains("text")));
    let (other_user, thief) = (ann.duplicate(), Browser::signed_in(&app, ANN, PASSWORD));
    sign_in(&other_user, "bob@example.org");
    assert!(!other_user.get(NEW_WISH).text().contains("A text"));
    assert!(!thief.get(NEW_WISH).text().contains("A text"));
    sign_in(&ann, ANN);
    assert!(!ann.get("/my/account/name").text().contains("You were signed out"));
    let again = ann.get(NEW_WISH);
    assert_eq!(again.status, 200);
    for part in ["value=\"A text\"", "A note</textarea>", "You were signed out"] {
        assert!(again.text().contains(part), "{part}: {}", again.text());
    }
    assert!(
        !ann.get(NEW_WISH).text().contains("A text"),
        "it is filled in once"
    );
    // Passwords are never kept.
    sign_out(&ann);
    let fields = [
        ("csrf", name.as_str()),
        ("current", PASSWORD),
        ("password", "an entirely different sentence"),
    ];
    assert_eq!(ann.post_with("/my/account/password", &fields, OWN).status, 303);
    assert_eq!(ann.cookie("__Host-draft"), None);
}

/// G11: A form that was opened without a cookie beside another one can be sent, and its page keeps the link's token.
#[test]
fn a_form_of_two_that_were_opened_without_a_cookie_is_shown_again() {
    let (database, app) = app();
    let new = [
        ("name", "New"),
        ("email", "new@example.org"),
        ("password", PASSWORD),
    ];
    assert_eq!(Browser::new(&app).submit("/sign-up", &new).status, 303);
    let link = &token(&database, "confirm", "new@example.org");
    for (page, path, fields) in [
        (
            "/sign-in".to_owned(),
            "/sign-in",
            vec![("email", ANN), ("password", PASSWORD)],
        ),
        (
            format!("/confirm?token={link}"),
            "/confirm",
            vec![("token", link), ("password", PASSWORD)],
        ),
    ] {
        let browser = Browser::new(&app);
        let first = Browser::new(&app).token(&page);
        browser.token("/forgot");
        let again = browser.post_with(
            path,
            &[&[("csrf", first.as_str())], fields.as_slice()].concat(),
            OWN,
        );
        assert_eq!(again.status, 409, "{path}: {again:?}");
        assert!(!again.text().contains("violet"), "the page contains the password");
        let (name, value) = fields[0];
        assert!(
            again.text().contains(&format!("value=\"{value}\"")),
            "{name}: {}",
            again.text()
        );
        let csrf = token_in(&again).unwrap();
        let sent = browser.post_with(
            path,
            &[&[("csrf", csrf.as_str())], fields.as_slice()].concat(),
            OWN,
        );
        assert_eq!(sent.status, 303, "{path}");
    }
}

/// G11: Signing out twice succeeds, also after the session was ended elsewhere. Only a form of ours clears the browser's data.
#[test]
fn signing_out_without_a_session_succeeds() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let csrf = ann.token("/my/wishes");
    let (gone, kept) = (ann.duplicate(), ann.duplicate());
    sign_out(&gone);
    let clears = |response: &Response| !response.header("clear-site-data").is_empty();
    for browser in [gone, kept] {
        let unknown = browser.post("/sign-out", &[("csrf", &csrf)]);
        assert_redirect(&unknown, "/sign-out");
        assert!(!clears(&unknown) && unknown.headers.get("set-cookie").is_none());
        let own = browser.post_with("/sign-out", &[("csrf", &csrf)], OWN);
        assert_redirect(&own, "/sign-out");
        assert!(clears(&own));
        let foreign = browser.post_with(
            "/sign-out",
            &[("csrf", &csrf)],
            &[("sec-fetch-site", "cross-site")],
        );
        assert_eq!(foreign.status, 403);
    }
    // A form of an earlier session asks again.
    let bob = Browser::signed_in(&app, "bob@example.org", PASSWORD);
    let asked = bob.post_with("/sign-out", &[("csrf", &csrf)], OWN);
    assert!(asked.status == 409 && asked.text().contains("Sign out?"));
    assert_eq!(bob.get("/my/wishes").status, 200);
    assert!(wishes(&database).is_empty());
}

/// G11: A browser that sends no cookie gets the reason.
#[test]
fn a_browser_without_cookies_gets_the_reason() {
    let (_database, app) = app();
    let csrf = Browser::new(&app).token("/sign-in");
    let fields = [("csrf", csrf.as_str()), ("email", ANN), ("password", PASSWORD)];
    let refused = Browser::new(&app).post_with("/sign-in", &fields, OWN);
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("blocks cookies") && refused.text().contains(ANN));
}

/// G4, G11: A form to change a wish that is shown again still notices that the wish has changed.
#[test]
fn a_form_that_is_shown_again_keeps_its_version() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    assert_eq!(
        ann.submit(NEW_WISH, &[("title", "See Oslo"), ("note", "")])
            .status,
        303
    );
    let id = database
        .lines("SELECT id::text AS line FROM wishes.wishes")
        .remove(0);
    let path = format!("/my/wishes/{id}");
    let old = ann.token(&path);
    sign_out(&ann);
    sign_in(&ann, ANN);
    let changed = ann.submit(&path, &[("title", "See Bergen"), ("note", ""), ("version", "1")]);
    assert_eq!(changed.status, 303);
    let fields = [
        ("csrf", old.as_str()),
        ("title", "See Narvik"),
        ("note", ""),
        ("version", "1"),
    ];
    let again = ann.post_with(&path, &fields, OWN);
    assert!(again.status == 409 && again.text().contains("value=\"See Narvik\""));
    assert!(
        again.text().contains("name=\"version\" value=\"1\""),
        "{}",
        again.text()
    );
}
