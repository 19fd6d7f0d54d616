//! Signing in with a second factor, and too often, in a browser.
use crate::support::accounts::{PASSWORD, account, ask, log_in};
use crate::support::app::App;
use crate::support::authenticator::code;
use crate::support::browser::{Browser, token_in};
use crate::support::database::Database;
use portcullis::types::role::Role;
use serde_json::json;

const ANN: &str = "ann@example.org";

/// Ann's app, confirmed some minutes ago.
fn enable(database: &Database, app: &App) -> String {
    let access = log_in(app, ANN).access;
    let ask = |path: &str, body| ask(app, &access, "POST", path, &body);
    let started = ask("/auth/totp/start", json!({ "password": PASSWORD })).json();
    let secret = started["secret"].as_str().unwrap().to_owned();
    let confirmed = ask("/auth/totp/confirm", json!({ "code": code(&secret, 0) }));
    assert_eq!(confirmed.status, 200);
    database.execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10");
    secret
}

/// E18, G2: the code is asked for only after the right password, and the password is not carried along in the page.
#[test]
fn a_code_is_asked_for_after_the_password() {
    let database = Database::fresh();
    let app = App::over(&database);
    account(&database, ANN, Role::User);
    let secret = enable(&database, &app);
    let browser = Browser::new(&app);
    let wrong = browser.submit(
        "/sign-in",
        &[("email", ANN), ("password", "not the password at all")],
    );
    assert!(!wrong.text().contains("name=\"code\""));
    let csrf = browser.token("/sign-in");
    let fields = [
        ("csrf", csrf.as_str()),
        ("email", ANN),
        ("password", PASSWORD),
        ("next", "/my/wishes/new"),
    ];
    let page = browser.post("/sign-in", &fields);
    assert_eq!(page.status, 403);
    for part in [
        "One more step",
        "autocomplete=\"one-time-code\"",
        "value=\"ann@example.org\"",
        "value=\"/my/wishes/new\"",
    ] {
        assert!(page.text().contains(part), "{part}");
    }
    assert!(
        !page.text().contains("violet"),
        "the password stays out of the page"
    );
    assert_eq!(browser.cookie("__Host-session"), None);
    let csrf = token_in(&page).unwrap();
    let with = |code: &str| {
        let fields = [
            ("csrf", csrf.as_str()),
            ("email", ANN),
            ("password", PASSWORD),
            ("code", code),
        ];
        browser.post("/sign-in", &[&fields[..], &[("next", "/my/wishes/new")]].concat())
    };
    let empty = with("");
    assert!(empty.status == 400 && empty.text().contains("#code"));
    let refused = with("000000");
    assert!(
        refused.status == 403 && refused.text().contains("name=\"code\""),
        "{}",
        refused.text()
    );
    assert_eq!(browser.cookie("__Host-session"), None);
    database.execute("DELETE FROM sessions.throttles");
    let done = with(&code(&secret, 0));
    assert_eq!((done.status, done.header("location")), (303, "/my/wishes/new"));
    assert_eq!(browser.get("/my/wishes").status, 200);
}

/// E9, E18: a browser that somebody left open changes neither address nor password without a code.
#[test]
fn the_account_is_changed_with_a_code() {
    let database = Database::fresh();
    let app = App::over(&database);
    account(&database, ANN, Role::User);
    let browser = Browser::signed_in(&app, ANN, PASSWORD);
    let takes_code = |path: &str| browser.get(path).text().contains("name=\"code\"");
    assert!(!takes_code("/my/account/password"));
    let csrf = browser.token("/my/account/password");
    let secret = enable(&database, &app);
    let new = "an entirely different sentence";
    let change = |more: &[(&str, &str)]| {
        let fields = [("csrf", csrf.as_str()), ("current", PASSWORD), ("password", new)];
        browser.post("/my/account/password", &[&fields[..], more].concat())
    };
    let old_form = change(&[]);
    assert!(
        old_form.status == 400 && old_form.text().contains("#code"),
        "{}",
        old_form.text()
    );
    let wrong = change(&[("code", "000000")]);
    assert!(
        wrong.status == 403 && wrong.text().contains("or the code is not right"),
        "{}",
        wrong.text()
    );
    assert!(!wrong.text().contains(new) && !wrong.text().contains(PASSWORD));
    database.execute("DELETE FROM sessions.throttles");
    for path in ["/my/account/password", "/my/account/email"] {
        assert!(takes_code(path), "{path}");
    }
    assert!(!takes_code("/my/account/name"));
    let done = change(&[("code", &code(&secret, 0))]);
    assert_eq!((done.status, done.header("location")), (303, "/my/account"));
    let email = [("email", "ann@new.example"), ("current", new), ("code", "000000")];
    assert_eq!(browser.submit("/my/account/email", &email).status, 403);
}

/// E7, G2: whoever guesses waits, is told how long, and has not lost what they typed.
#[test]
fn whoever_guesses_is_told_to_wait() {
    let database = Database::fresh();
    let app = App::over(&database);
    account(&database, ANN, Role::User);
    let browser = Browser::new(&app);
    let guess = || {
        browser.submit(
            "/sign-in",
            &[("email", ANN), ("password", "not the password at all")],
        )
    };
    let waits = (0..20)
        .map(|_| guess())
        .find(|response| response.status != 403)
        .expect("an end to it");
    assert_eq!(waits.status, 429);
    assert!(waits.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(waits.text().contains("Too many tries") && waits.text().contains("value=\"ann@example.org\""));
    let right = browser.submit("/sign-in", &[("email", ANN), ("password", PASSWORD)]);
    assert_eq!(right.status, 429, "not even the right one is looked at");
    assert_eq!(browser.cookie("__Host-session"), None);
}
