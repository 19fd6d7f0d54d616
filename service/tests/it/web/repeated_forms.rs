//! Forms that arrive twice, as after a double click: the second arrival gets the answer to the first.

use crate::support::accounts::{PASSWORD, create_account, create_account_in};
use crate::support::app::App;
use crate::support::authenticator::code;
use crate::support::browser::{Browser, token_in};
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::mailed_links::{list_outbox, token};
use crate::support::raw_connection::RawConnection;
use crate::support::response::Response;
use crate::support::wait::wait_until;
use portcullis::types::role::Role;

const ANN: &str = "ann@example.org";
const NEW_PASSWORD: &str = "an entirely different sentence";
const NEW_WISH: &str = "/my/wishes/new";

fn app() -> (Database, App) {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::over(&database);
    (database, app)
}

fn wishes(database: &Database) -> Vec<String> {
    database.lines("SELECT title || ' ' || version AS line FROM wishes.wishes ORDER BY id")
}

/// Loads the page, then submits its form twice, both times with the cookies from before.
fn submit_twice(browser: &Browser<'_>, page: &str, path: &str, fields: &[(&str, &str)]) -> Response {
    let csrf = browser.token(page);
    let fields = [&[("csrf", csrf.as_str())], fields].concat();
    let second_click = browser.duplicate();
    let (first, second) = (browser.post(path, &fields), second_click.post(path, &fields));
    assert_same(&first, &second, path);
    first
}

fn assert_same(first: &Response, second: &Response, path: &str) {
    let parts = |response: &Response| {
        let cookies = response.headers.get_all("set-cookie").iter().cloned();
        (
            response.status,
            response.header("location").to_owned(),
            response.header("clear-site-data").to_owned(),
            cookies.collect::<Vec<_>>(),
            response.text().to_owned(),
        )
    };
    assert_eq!(parts(first), parts(second), "{path}");
    assert!(first.status < 400, "{path}: {first:?}");
}

/// G10: A double click adds, changes and deletes a wish once, and reports success both times.
#[test]
fn a_repeated_form_changes_a_wish_once() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    submit_twice(&ann, NEW_WISH, NEW_WISH, &[("title", "See Oslo"), ("note", "")]);
    assert_eq!(wishes(&database), ["See Oslo 1"]);
    let id = database
        .lines("SELECT id::text AS line FROM wishes.wishes")
        .remove(0);
    let path = format!("/my/wishes/{id}");
    let fields = [("title", "See Bergen"), ("note", ""), ("version", "1")];
    submit_twice(&ann, &path, &path, &fields);
    assert_eq!(wishes(&database), ["See Bergen 2"]);
    let path = format!("{path}/delete");
    submit_twice(&ann, &path, &path, &[("version", "2")]);
    assert!(wishes(&database).is_empty());
}

/// G10: A double click starts and ends one session, and changes, resets and confirms an account once.
#[test]
fn a_repeated_form_changes_an_account_once() {
    let (database, app) = app();
    let sessions = || database.lines("SELECT id::text AS line FROM sessions.sessions WHERE ended_at IS NULL");
    let attempts = || database.lines("SELECT sum(count)::text AS line FROM sessions.throttles");
    let ann = Browser::new(&app);
    submit_twice(
        &ann,
        "/sign-in",
        "/sign-in",
        &[("email", ANN), ("password", PASSWORD)],
    );
    assert_eq!(sessions().len(), 1);
    submit_twice(&ann, "/my/account/name", "/my/account/name", &[("name", "Ann B")]);
    let fields = [("current", PASSWORD), ("password", NEW_PASSWORD)];
    let before = attempts();
    submit_twice(&ann, "/my/account/password", "/my/account/password", &fields);
    assert_eq!(attempts(), before, "the second arrival is no wrong password");
    assert_eq!(ann.get("/my/account").status, 200);
    let fields = [("email", "new@example.org"), ("current", NEW_PASSWORD)];
    submit_twice(&ann, "/my/account/email", "/my/account/email", &fields);
    assert_eq!(
        list_outbox(&database)
            .iter()
            .filter(|mail| mail.starts_with("change_email "))
            .count(),
        1
    );
    let link = token(&database, "change_email", "new@example.org");
    let page = format!("/change-email?token={link}");
    submit_twice(&ann, &page, "/change-email", &[("token", &link)]);
    submit_twice(&ann, "/my/wishes", "/sign-out", &[]);
    assert!(sessions().is_empty());
    let ann = Browser::signed_in(&app, "new@example.org", NEW_PASSWORD);
    submit_twice(&ann, "/my/account", "/my/account/sign-out-everywhere", &[]);
    assert!(sessions().is_empty());
    let ann = Browser::signed_in(&app, "new@example.org", NEW_PASSWORD);
    let deleted = submit_twice(&ann, "/my/account/delete", "/my/account/delete", &[]);
    assert_eq!(deleted.header("location"), "/");
}

/// G10: A double click requests one mail, and uses a mailed link once.
#[test]
fn a_repeated_form_sends_one_mail_and_uses_a_link_once() {
    let (database, app) = app();
    create_account_in(&database, "invited@example.org", Role::User, "invited");
    let fields = [
        ("name", "Bob"),
        ("email", "bob@example.org"),
        ("password", PASSWORD),
    ];
    submit_twice(&Browser::new(&app), "/sign-up", "/sign-up", &fields);
    submit_twice(&Browser::new(&app), "/forgot", "/forgot", &[("email", ANN)]);
    assert_eq!(
        list_outbox(&database),
        ["confirm bob@example.org", "reset ann@example.org"]
    );
    let confirm = token(&database, "confirm", "bob@example.org");
    let reset = token(&database, "reset", ANN);
    for (path, link, fields) in [
        ("/confirm", &confirm, vec![("password", PASSWORD)]),
        ("/reset", &reset, vec![("password", NEW_PASSWORD)]),
    ] {
        let fields = [&[("token", link.as_str())], fields.as_slice()].concat();
        let done = submit_twice(
            &Browser::new(&app),
            &format!("{path}?token={link}"),
            path,
            &fields,
        );
        assert_eq!(done.header("location"), "/sign-in", "{path}");
    }
}

/// G10: A double click sets up a second factor once, with one secret and one set of recovery codes; nothing of them is readable
/// in the database, and a browser whose session has ended does not get them again.
#[test]
fn a_repeated_form_shows_the_same_secret_and_recovery_codes() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let page = "/my/account/second-factor";
    let shown = submit_twice(&ann, page, page, &[("current", PASSWORD)]);
    let (_, rest) = shown.text().split_once("class=\"secret\">").unwrap();
    let secret = rest.split('<').next().unwrap().replace(' ', "");
    let csrf = token_in(&shown).unwrap();
    let first_code = code(&secret, 0);
    let fields = [("csrf", csrf.as_str()), ("code", first_code.as_str())];
    let confirm = format!("{page}/confirm");
    let second_click = ann.duplicate();
    let codes = ann.post(&confirm, &fields);
    assert_eq!(codes.status, 200, "{codes:?}");
    assert_same(&codes, &second_click.post(&confirm, &fields), "confirm");
    database.execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10");
    let proof = [("current", PASSWORD), ("code", &first_code)];
    submit_twice(&ann, &format!("{page}/codes"), &format!("{page}/codes"), &proof);
    let stored = database.lines("SELECT encode(answer, 'escape') AS line FROM sessions.form_answers");
    assert!(stored.len() >= 4);
    for readable in [secret.as_str(), "violet", "location", "Recovery"] {
        assert!(
            !stored.iter().any(|answer| answer.contains(readable)),
            "{readable}"
        );
    }
    database.execute("UPDATE sessions.sessions SET ended_at = now(), end_reason = 'ended'");
    let refused = ann.post(&confirm, &fields);
    assert!(refused.status == 303 && refused.body.is_empty(), "{refused:?}");
}

/// G10: Arrivals at the same time, at two replicas, are processed once and get the same answer.
#[test]
fn forms_that_arrive_together_are_processed_once() {
    let (database, app) = app();
    let other = App::over(&database);
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let csrf = ann.token(NEW_WISH);
    let cookies = ["__Host-session", "__Host-csrf"].map(|name| (name, ann.cookie(name).unwrap()));
    let answers = concurrently(6, |index| {
        let click = Browser::new(if index % 2 == 0 { &app } else { &other });
        for (name, value) in &cookies {
            click.set_cookie(name, Some(value));
        }
        let fields = [("csrf", csrf.as_str()), ("title", "See Oslo"), ("note", "")];
        click.post(NEW_WISH, &fields).status
    });
    assert_eq!(answers, [303; 6]);
    assert_eq!(wishes(&database), ["See Oslo 1"]);
    // Signing in takes long: the others wait for it.
    let anonymous = Browser::new(&app);
    let (csrf, cookie) = (
        anonymous.token("/sign-in"),
        anonymous.cookie("__Host-csrf").unwrap(),
    );
    let answers = concurrently(3, |index| {
        let click = Browser::new(if index % 2 == 0 { &app } else { &other });
        click.set_cookie("__Host-csrf", Some(&cookie));
        let fields = [("csrf", csrf.as_str()), ("email", ANN), ("password", PASSWORD)];
        assert_eq!(click.post("/sign-in", &fields).status, 303);
        click.cookie("__Host-session").unwrap()
    });
    assert!(answers.iter().all(|session| *session == answers[0]));
}

/// G10: A form whose browser has gone, as after a second click, is processed all the same, and the second click gets its answer.
#[test]
fn a_form_whose_browser_has_gone_is_processed() {
    let (database, app) = app();
    let ann = Browser::new(&app);
    let csrf = ann.token("/sign-in");
    let body = format!(
        "csrf={csrf}&email=ann%40example.org&password={}",
        PASSWORD.replace(' ', "+")
    );
    let mut first = RawConnection::connect(app.address);
    first.send(format!(
        "POST /sign-in HTTP/1.1\r\nHost: {}\r\nCookie: __Host-csrf={}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        app.address,
        ann.cookie("__Host-csrf").unwrap(),
        body.len()
    ));
    let begun = "SELECT key::text AS line FROM sessions.form_answers";
    wait_until("the form arrives", || !database.lines(begun).is_empty());
    drop(first);
    let fields = [("csrf", csrf.as_str()), ("email", ANN), ("password", PASSWORD)];
    assert_eq!(ann.post("/sign-in", &fields).status, 303);
    assert_eq!(ann.get("/my/wishes").status, 200);
    let sessions = database.lines("SELECT id::text AS line FROM sessions.sessions");
    assert_eq!(sessions.len(), 1);
}

/// G10: Only the same form is repeated: other entries, another form, another browser and a rejected form are processed anew, and
/// after some minutes the answer is forgotten.
#[test]
fn only_the_same_form_of_the_same_browser_is_repeated() {
    let (database, app) = app();
    let ann = Browser::signed_in(&app, ANN, PASSWORD);
    let csrf = ann.token(NEW_WISH);
    let fields = |title: &'static str| [("csrf", csrf.as_str()), ("title", title), ("note", "")];
    assert_eq!(ann.post(NEW_WISH, &fields("See Oslo")).status, 303);
    assert_eq!(ann.post(NEW_WISH, &fields("See Bergen")).status, 303);
    assert_eq!(
        ann.submit(NEW_WISH, &[("title", "See Oslo"), ("note", "")])
            .status,
        303
    );
    assert_eq!(wishes(&database), ["See Oslo 1", "See Bergen 1", "See Oslo 1"]);
    let thief = ann.duplicate();
    thief.set_cookie("__Host-csrf", Some("q3T1x0m8Yc5yW9rJ4uH2vN7sK6pL0zEfGdB1aQiOtXk"));
    assert_eq!(thief.post(NEW_WISH, &fields("See Oslo")).status, 403);
    // Marking is executed each time: it has the same effect.
    let id = database
        .lines("SELECT min(id)::text AS line FROM wishes.wishes")
        .remove(0);
    for done in ["yes", "no", "yes"] {
        let marked = ann.post(
            &format!("/my/wishes/{id}/done"),
            &[("csrf", csrf.as_str()), ("done", done)],
        );
        assert_eq!(marked.status, 303);
    }
    let done = "SELECT title AS line FROM wishes.wishes WHERE done_at IS NOT NULL";
    assert_eq!(database.lines(done), ["See Oslo"]);
    let anonymous = Browser::new(&app);
    let sign_in = anonymous.token("/sign-in");
    let wrong = [
        ("csrf", sign_in.as_str()),
        ("email", ANN),
        ("password", "not the password at all"),
    ];
    for _ in 0..2 {
        assert_eq!(anonymous.post("/sign-in", &wrong).status, 403);
    }
    database.execute("UPDATE sessions.form_answers SET expires_at = now() - interval '1 second'");
    assert_eq!(ann.post(NEW_WISH, &fields("See Bergen")).status, 303);
    assert_eq!(wishes(&database).len(), 4);
}
