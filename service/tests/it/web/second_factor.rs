//! Pages with a second factor, and throttled logins in a browser.

use crate::support::accounts::{PASSWORD, create_account, log_in};
use crate::support::app::App;
use crate::support::authenticator::{self, code};
use crate::support::browser::{Browser, token_in};
use crate::support::database::Database;
use portcullis::types::role::Role;

const ANN: &str = "ann@example.org";

/// Enables TOTP for Ann as if some minutes ago; returns the secret.
fn enable_totp(database: &Database, app: &App) -> String {
    let (secret, _) = authenticator::enable_totp(app, &log_in(app, ANN).access);
    database.execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10");
    secret
}

/// E18, G2: The page asks for the code only after the right password, and does not contain the password.
#[test]
fn a_code_is_requested_after_the_right_password() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, ANN, Role::User);
    let secret = enable_totp(&database, &app);
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
    let word = PASSWORD.split(' ').max_by_key(|word| word.len()).unwrap();
    assert!(!page.text().contains(word), "the page contains the password");
    assert_eq!(browser.cookie("__Host-session"), None);
    let csrf = token_in(&page).unwrap();
    let submit = |code: &str| {
        let fields = [
            ("csrf", csrf.as_str()),
            ("email", ANN),
            ("password", PASSWORD),
            ("code", code),
        ];
        browser.post("/sign-in", &[&fields[..], &[("next", "/my/wishes/new")]].concat())
    };
    let empty = submit("");
    assert!(empty.status == 400 && empty.text().contains("#code"));
    let refused = submit("000000");
    assert!(
        refused.status == 403 && refused.text().contains("name=\"code\""),
        "{}",
        refused.text()
    );
    assert_eq!(browser.cookie("__Host-session"), None);
    let shapeless = submit("12345");
    assert!(shapeless.status == 400 && shapeless.text().contains("six digits"));
    database.execute("DELETE FROM sessions.throttles");
    let code = code(&secret, 0);
    let done = submit(&format!(" {} {}\t", &code[..3], &code[3..]));
    assert_eq!((done.status, done.header("location")), (303, "/my/wishes/new"));
    let again = Browser::new(&app);
    let csrf = again.token("/sign-in");
    let used = again.post(
        "/sign-in",
        &[
            ("csrf", &csrf),
            ("email", ANN),
            ("password", PASSWORD),
            ("code", &code),
        ],
    );
    assert!(
        used.status == 403 && used.text().contains("wait for the next one"),
        "{}",
        used.text()
    );
    assert_eq!(browser.get("/my/wishes").status, 200);
}

/// E9, E18: With a second factor, changing the email address or the password requires a code.
#[test]
fn changing_address_or_password_requires_a_code() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, ANN, Role::User);
    let browser = Browser::signed_in(&app, ANN, PASSWORD);
    let has_code_field = |path: &str| browser.get(path).text().contains("name=\"code\"");
    assert!(!has_code_field("/my/account/password"));
    let csrf = browser.token("/my/account/password");
    let secret = enable_totp(&database, &app);
    // As if it had been enabled in this session, which then continues.
    database
        .execute("UPDATE sessions.sessions SET (ended_at, end_reason) = (NULL, NULL) WHERE kind = 'browser'");
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
        wrong.status == 403 && wrong.text().contains("or the code is wrong"),
        "{}",
        wrong.text()
    );
    assert!(!wrong.text().contains(new) && !wrong.text().contains(PASSWORD));
    database.execute("DELETE FROM sessions.throttles");
    for path in ["/my/account/password", "/my/account/email"] {
        assert!(has_code_field(path), "{path}");
    }
    assert!(!has_code_field("/my/account/name"));
    let done = change(&[("code", &code(&secret, 0))]);
    assert_eq!((done.status, done.header("location")), (303, "/my/account"));
    let email = [("email", "ann@new.example"), ("current", new), ("code", "000000")];
    assert_eq!(browser.submit("/my/account/email", &email).status, 403);
}

/// E7, G2: After too many wrong passwords, signing in answers 429 with `Retry-After` and keeps the entered address.
#[test]
fn sign_in_is_throttled_after_wrong_passwords() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, ANN, Role::User);
    let browser = Browser::new(&app);
    let guess = || {
        browser.submit(
            "/sign-in",
            &[("email", ANN), ("password", "not the password at all")],
        )
    };
    let throttled = (0..20)
        .map(|_| guess())
        .find(|response| response.status != 403)
        .expect("an answer other than 403");
    assert_eq!(throttled.status, 429);
    assert!(throttled.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(
        throttled.text().contains("Too many attempts")
            && throttled.text().contains("value=\"ann@example.org\"")
    );
    let right = browser.submit("/sign-in", &[("email", ANN), ("password", PASSWORD)]);
    assert_eq!(right.status, 429, "the right password is not verified either");
    assert_eq!(browser.cookie("__Host-session"), None);
}
