//! The pages for registration and for links from mails.

use crate::support::accounts::{PASSWORD, create_account, create_account_in};
use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::mailed_links::{list_outbox, token};
use crate::support::response::Response;
use crate::web::mailed_links::submit_link;
use portcullis::types::role::Role;

const ANN: &str = "ann@example.org";
const NEW_PASSWORD: &str = "an entirely different sentence";

fn app() -> (Database, App) {
    let database = Database::fresh();
    let app = App::over(&database);
    (database, app)
}

fn sign_up(app: &App, name: &str, email: &str, password: &str) -> Response {
    Browser::new(app).submit(
        "/sign-up",
        &[("name", name), ("email", email), ("password", password)],
    )
}

fn can_sign_in(app: &App, email: &str, password: &str) -> bool {
    let response = Browser::new(app).submit("/sign-in", &[("email", email), ("password", password)]);
    response.status == 303
}

/// G2, E2, E3: A user registers, confirms by the mailed link and signs in; opening the link without submitting its form does
/// not use it.
#[test]
fn a_user_registers_confirms_and_signs_in() {
    let (database, app) = app();
    let response = sign_up(&app, "Ann", ANN, PASSWORD);
    assert_eq!(
        (response.status, response.header("location")),
        (303, "/check-mail")
    );
    assert!(
        Browser::new(&app)
            .get("/check-mail")
            .text()
            .contains("Check your mail")
    );
    assert!(!can_sign_in(&app, ANN, PASSWORD));
    let (link, browser) = (token(&database, "confirm", ANN), Browser::new(&app));
    for _ in 0..3 {
        assert_eq!(browser.get(&format!("/confirm?token={link}")).status, 200);
    }
    assert!(
        !can_sign_in(&app, ANN, PASSWORD),
        "opening the page confirms nothing"
    );
    let fields = [("password", PASSWORD)];
    let response = submit_link(&browser, "/confirm", &link, &fields);
    assert_eq!((response.status, response.header("location")), (303, "/sign-in"));
    let page = browser.get("/sign-in");
    assert!(page.text().contains("Your address is confirmed"));
    assert!(
        !browser
            .get("/sign-in")
            .text()
            .contains("Your address is confirmed"),
        "the notice is shown once"
    );
    assert!(can_sign_in(&app, ANN, PASSWORD));
    let second = submit_link(&browser, "/confirm", &link, &fields);
    assert_eq!(second.status, 404);
    assert!(second.text().contains("This link does not work"));
}

/// E1: Registration answers the same for a taken as for a new address, and reports a weak password at its field.
#[test]
fn registration_reveals_no_account_and_explains_weak_passwords() {
    let (database, app) = app();
    create_account(&database, ANN, Role::User);
    let (taken, new) = (
        sign_up(&app, "A", ANN, NEW_PASSWORD),
        sign_up(&app, "B", "bob@example.org", NEW_PASSWORD),
    );
    for response in [&taken, &new] {
        assert_eq!(
            (response.status, response.header("location")),
            (303, "/check-mail")
        );
        assert!(response.body.is_empty());
    }
    assert_eq!(
        list_outbox(&database),
        ["already_registered ann@example.org", "confirm bob@example.org"]
    );
    for (password, reason) in [
        ("short", "at least 15 characters"),
        ("1q2w3e4r5t6y7u8i", "most common"),
        ("my name is Carlotta", "“carlotta”, which is part of the name"),
    ] {
        let response = sign_up(&app, "Carlotta", "c@example.org", password);
        assert_eq!(response.status, 400, "{password}");
        assert!(
            response.text().contains(reason) && response.text().contains("id=\"password-error\""),
            "{password}"
        );
        assert!(!response.text().contains(&format!("value=\"{password}\"")));
    }
    assert_eq!(list_outbox(&database).len(), 2);
}

/// E4, E14: The pages that request a mail answer every address alike, and answer 429 after too many requests.
#[test]
fn requesting_a_mail_reveals_no_account_and_is_rate_limited() {
    let (database, app) = app();
    create_account(&database, ANN, Role::User);
    for path in ["/forgot", "/resend"] {
        for email in [ANN, "nobody@example.org"] {
            let response = Browser::new(&app).submit(path, &[("email", email)]);
            assert_eq!(
                (response.status, response.header("location")),
                (303, "/check-mail"),
                "{path} {email}"
            );
        }
        let bad = Browser::new(&app).submit(path, &[("email", "nobody")]);
        assert_eq!(bad.status, 400);
        assert!(bad.text().contains("value=\"nobody\""));
    }
    assert_eq!(
        list_outbox(&database),
        ["reset ann@example.org", "already_registered ann@example.org"]
    );
    let answers = (0..10).map(|_| Browser::new(&app).submit("/resend", &[("email", "often@example.org")]));
    let refused = answers
        .into_iter()
        .find(|response| response.status != 303)
        .expect("an answer other than 303");
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(
        refused.text().contains("Too many mails") && refused.text().contains("value=\"often@example.org\"")
    );
}

/// E1, G2: The page after a request for a mail repeats the address once, whether or not it has an account; the address is in
/// a cookie, which other contents do not reach the page from.
#[test]
fn the_page_after_a_request_for_a_mail_repeats_the_address() {
    let (database, app) = app();
    create_account(&database, ANN, Role::User);
    let browser = Browser::new(&app);
    for (path, email) in [
        ("/forgot", ANN),
        ("/forgot", "o.neil+nav@example.org"),
        ("/resend", "bob@example.org"),
    ] {
        let response = browser.submit(path, &[("email", email)]);
        assert_eq!(response.header("location"), "/check-mail", "{path}");
        let cookies = response.headers.get_all("set-cookie").iter();
        let cookie = cookies
            .filter_map(|cookie| cookie.to_str().ok())
            .find(|cookie| cookie.starts_with("__Host-mailed-to="))
            .unwrap();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("Max-Age=600"),
            "{cookie}"
        );
        let sent = format!("We sent a mail to {email}.");
        assert!(
            browser.get("/check-mail").text().contains(&sent),
            "{path} {email}"
        );
        assert!(
            !browser.get("/check-mail").text().contains(email),
            "{path} {email}"
        );
    }
    let response = browser.submit(
        "/sign-up",
        &[
            ("name", "Carl"),
            ("email", "carl@example.org"),
            ("password", NEW_PASSWORD),
        ],
    );
    assert_eq!(response.status, 303);
    assert!(
        browser
            .get("/check-mail")
            .text()
            .contains("a mail to carl@example.org.")
    );
    for bad in ["", "x", "%3Cb%3E", "%ff", "mail%20your%20password%20to%20eve"] {
        browser.set_cookie("__Host-mailed-to", Some(bad));
        let page = browser.get("/check-mail");
        assert!(page.text().contains("We sent a mail to your address."), "{bad}");
    }
}

/// E14: A forgotten password is reset by the mailed link, which signs out every browser.
#[test]
fn a_forgotten_password_is_reset() {
    let (database, app) = app();
    create_account(&database, ANN, Role::User);
    let elsewhere = Browser::signed_in(&app, ANN, PASSWORD);
    let browser = Browser::new(&app);
    browser.submit("/forgot", &[("email", ANN)]);
    let link = token(&database, "reset", ANN);
    let weak = submit_link(&browser, "/reset", &link, &[("password", "short")]);
    assert_eq!(weak.status, 400);
    assert!(
        weak.text().contains(&format!("name=\"token\" value=\"{link}\"")),
        "the form can be submitted again"
    );
    let response = submit_link(&browser, "/reset", &link, &[("password", NEW_PASSWORD)]);
    assert_eq!((response.status, response.header("location")), (303, "/sign-in"));
    assert_eq!(elsewhere.get("/my/wishes").status, 303);
    assert!(!can_sign_in(&app, ANN, PASSWORD) && can_sign_in(&app, ANN, NEW_PASSWORD));
    assert_eq!(
        submit_link(&browser, "/reset", &link, &[("password", NEW_PASSWORD)]).status,
        404
    );
}

/// D9: An invitation is accepted with a name and a password.
#[test]
fn an_invitation_is_accepted() {
    let (database, app) = app();
    create_account_in(&database, "ivy@example.org", Role::User, "invited");
    let browser = Browser::new(&app);
    browser.submit("/resend", &[("email", "ivy@example.org")]);
    let link = token(&database, "invite", "ivy@example.org");
    let nameless = submit_link(
        &browser,
        "/invitation",
        &link,
        &[("name", " "), ("password", NEW_PASSWORD)],
    );
    assert!(nameless.status == 400 && nameless.text().contains("#name"));
    let response = submit_link(
        &browser,
        "/invitation",
        &link,
        &[("name", "Ivy"), ("password", NEW_PASSWORD)],
    );
    assert_eq!((response.status, response.header("location")), (303, "/sign-in"));
    let ivy = Browser::signed_in(&app, "ivy@example.org", NEW_PASSWORD);
    assert!(ivy.get("/my/wishes").text().contains("Ivy"));
}

/// E20: While registration is closed, the page shows no form and a submitted one is rejected.
#[test]
fn closed_registration_shows_no_form() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("REGISTRATION", "closed")]));
    let browser = Browser::new(&app);
    let page = browser.get("/sign-up");
    assert!(page.status == 403 && page.text().contains("By invitation only"));
    let csrf = browser.token("/sign-in");
    let fields = [
        ("csrf", csrf.as_str()),
        ("name", "Ann"),
        ("email", ANN),
        ("password", NEW_PASSWORD),
    ];
    let response = browser.post("/sign-up", &fields);
    assert!(response.status == 403 && response.text().contains("By invitation only"));
    assert!(list_outbox(&database).is_empty());
}
