//! Signing in and out in a browser: the session cookie.

use crate::support::accounts::{PASSWORD, create_account, create_account_in, get_as, log_in};
use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::database::Database;
use portcullis::types::role::Role;

const ANN: &str = "ann@example.org";
const SESSION_COOKIE: &str = "__Host-session";

fn app() -> (Database, App) {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::over(&database);
    (database, app)
}

/// G2, G3: The session cookie is HttpOnly, Secure, SameSite=Lax, and limited to its host by the `__Host-` prefix.
#[test]
fn the_session_cookie_has_every_protective_attribute() {
    let (_database, app) = app();
    let browser = Browser::new(&app);
    let response = browser.submit("/sign-in", &[("email", ANN), ("password", PASSWORD)]);
    assert_eq!(
        (response.status, response.header("location")),
        (303, "/my/wishes")
    );
    assert!(response.header("cache-control").contains("no-store"));
    let cookies: Vec<&str> = response
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap())
        .collect();
    let names: Vec<&str> = cookies
        .iter()
        .filter_map(|cookie| cookie.split('=').next())
        .collect();
    assert_eq!(names, [SESSION_COOKIE, "__Host-csrf"]);
    for cookie in cookies {
        let mut parts = cookie.split("; ");
        let (_, value) = parts.next().unwrap().split_once('=').unwrap();
        assert_eq!(value.len(), 43, "256 bits: {cookie}");
        let mut attributes: Vec<&str> = parts.collect();
        attributes.sort_unstable();
        // No `Domain`: the `__Host-` prefix forbids it.
        assert_eq!(
            attributes,
            ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"],
            "{cookie}"
        );
    }
    let page = browser.get("/my/wishes");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Sign out") && page.text().contains("ann"));
}

/// G3: Signing in issues a new session id, so that a planted cookie does not share the session (session fixation).
#[test]
fn signing_in_issues_a_new_session_id() {
    let (_database, app) = app();
    let planted = "q3T1x0m8Yc5yW9rJ4uH2vN7sK6pL0zEfGdB1aQiOtXk";
    let victim = Browser::new(&app);
    victim.set_cookie(SESSION_COOKIE, Some(planted));
    assert_eq!(
        victim
            .submit("/sign-in", &[("email", ANN), ("password", PASSWORD)])
            .status,
        303
    );
    let first = victim.cookie(SESSION_COOKIE).unwrap();
    assert_ne!(first, planted);
    let thief = Browser::new(&app);
    thief.set_cookie(SESSION_COOKIE, Some(planted));
    assert_eq!(thief.get("/my/wishes").status, 303);
    // Another sign-in in the same browser: another id, and the one before is void.
    let token = victim.token("/my/wishes/new");
    let fields = [("csrf", token.as_str()), ("email", ANN), ("password", PASSWORD)];
    assert_eq!(victim.post("/sign-in", &fields).status, 303);
    assert_ne!(victim.cookie(SESSION_COOKIE).unwrap(), first);
    thief.set_cookie(SESSION_COOKIE, Some(&first));
    assert_eq!(thief.get("/my/wishes").status, 303);
    assert_eq!(victim.get("/my/wishes").status, 200);
}

/// G3: Signing out ends the session on the server, so that copies of the cookie are void.
#[test]
fn signing_out_ends_the_session_on_the_server() {
    let (database, app) = app();
    let browser = Browser::signed_in(&app, ANN, PASSWORD);
    let session = browser.cookie(SESSION_COOKIE);
    let thief = Browser::new(&app);
    thief.set_cookie(SESSION_COOKIE, session.as_deref());
    assert_eq!(thief.get("/my/wishes").status, 200);
    let response = browser.submit("/my/wishes", &[]);
    assert_eq!(response.status, 405, "{response:?}");
    let token = browser.token("/my/wishes");
    let response = browser.post("/sign-out", &[("csrf", &token)]);
    assert_eq!((response.status, response.header("location")), (303, "/sign-out"));
    assert_eq!(
        response.header("clear-site-data"),
        "\"cache\", \"cookies\", \"storage\""
    );
    assert_eq!(browser.cookie(SESSION_COOKIE), None);
    let page = browser.get("/sign-out");
    assert!(page.status == 200 && page.text().contains("You are signed out"));
    assert_eq!(thief.get("/my/wishes").status, 303);
    let ended =
        "SELECT action || ' ' || (detail->>'why') AS line FROM audit.events WHERE action = 'session.ended'";
    assert_eq!(database.lines(ended), ["session.ended log-out"]);
}

/// G3: A browser's session is listed with the account's sessions and can be ended there; its cookie is no access token.
#[test]
fn a_browser_session_is_one_of_the_accounts_sessions() {
    let (database, app) = app();
    let browser = Browser::signed_in(&app, ANN, PASSWORD);
    let access = log_in(&app, ANN).access;
    let sessions = get_as(&app, &access, "/auth/sessions").json();
    let kinds: Vec<&str> = sessions["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"browser"), "{sessions}");
    get_as(&app, &browser.cookie(SESSION_COOKIE).unwrap(), "/auth/me").problem(401);
    browser.set_cookie("__Host-other", browser.cookie(SESSION_COOKIE).as_deref());
    assert_eq!(browser.get("/my/wishes").status, 200);
    database.execute("UPDATE sessions.sessions SET ended_at = now(), end_reason = 'ended'");
    let response = browser.get("/my/wishes/new");
    assert_eq!(
        (response.status, response.header("location")),
        (303, "/sign-in?next=%2Fmy%2Fwishes%2Fnew")
    );
    // An access token in the session cookie.
    browser.set_cookie(SESSION_COOKIE, Some(&access));
    assert_eq!(browser.get("/my/wishes").status, 303);
}

/// G2, E5: Every rejected sign-in gets the same page, except that of an unconfirmed address with the right password.
#[test]
fn every_rejected_sign_in_gets_the_same_page() {
    let (database, app) = app();
    for (email, state) in [
        ("new@example.org", "unconfirmed"),
        ("invited@example.org", "invited"),
    ] {
        create_account_in(&database, email, Role::User, state);
    }
    let rejection_page = |email: &str, password: &str| {
        let browser = Browser::new(&app);
        let response = browser.submit("/sign-in", &[("email", email), ("password", password)]);
        assert_eq!(response.status, 403, "{email}");
        assert_eq!(browser.cookie(SESSION_COOKIE), None, "{email}");
        assert!(!response.text().contains(password), "{email}");
        let token = crate::support::browser::token_in(&response).unwrap();
        assert!(response.text().contains(&format!("value=\"{email}\"")), "{email}");
        response.text().replace(&token, "").replace(email, "")
    };
    let wrong = rejection_page(ANN, "not the password at all");
    assert!(wrong.contains("You are not signed in"));
    for (email, password) in [
        ("nobody@example.org", "not the password at all"),
        ("new@example.org", "not the password at all"),
        ("invited@example.org", PASSWORD),
    ] {
        assert_eq!(rejection_page(email, password), wrong, "{email}");
    }
    // Who knows the password learns that it is right, and gets a way to another mail.
    let unconfirmed = rejection_page("new@example.org", PASSWORD);
    assert!(unconfirmed.contains("Your address is not confirmed yet"));
    assert!(unconfirmed.contains("href=\"/resend\""));
    let empty = Browser::new(&app).submit("/sign-in", &[("email", ""), ("password", "")]);
    assert_eq!(empty.status, 400);
    assert!(empty.text().contains("#email") && empty.text().contains("#password"));
}

/// G2: Signing in redirects to the requested page, never to another site (CWE-601).
#[test]
fn signing_in_redirects_to_the_requested_page_only() {
    let (_database, app) = app();
    for (requested, target) in [
        ("/my/wishes/new", "/my/wishes/new"),
        ("/my/wishes?show=open", "/my/wishes?show=open"),
        ("https://evil.example/", "/my/wishes"),
        ("//evil.example/", "/my/wishes"),
        ("/my//evil.example", "/my/wishes"),
        ("/sign-out", "/my/wishes"),
    ] {
        let encoded = requested
            .replace('/', "%2F")
            .replace('?', "%3F")
            .replace('=', "%3D");
        let browser = Browser::new(&app);
        let page = browser.get(&format!("/sign-in?next={encoded}"));
        let hidden = format!("name=\"next\" value=\"{target}\"");
        assert_eq!(
            page.text().contains(&hidden),
            target != "/my/wishes",
            "{requested}"
        );
        assert!(!page.text().contains("evil"), "{requested}");
        let token = crate::support::browser::token_in(&page).unwrap();
        // Submitted directly, past the check of the page.
        let fields = [
            ("csrf", token.as_str()),
            ("email", ANN),
            ("password", PASSWORD),
            ("next", requested),
        ];
        let response = browser.post("/sign-in", &fields);
        assert_eq!(
            (response.status, response.header("location")),
            (303, target),
            "{requested}"
        );
        // A signed-in browser is redirected from the page.
        let signed_in = browser.get(&format!("/sign-in?next={encoded}"));
        assert_eq!(
            (signed_in.status, signed_in.header("location")),
            (303, target),
            "{requested}"
        );
    }
}

/// G3: Pages for members redirect to the sign-in page without a session, and a form submitted there changes nothing.
#[test]
fn member_pages_redirect_anonymous_browsers_to_sign_in() {
    let (database, app) = app();
    let anonymous = Browser::new(&app);
    for path in [
        "/my/wishes",
        "/my/wishes/new",
        "/my/wishes/1",
        "/my/wishes/1/delete",
    ] {
        let response = anonymous.get(path);
        assert_eq!(response.status, 303, "{path}");
        assert!(response.header("location").starts_with("/sign-in"), "{path}");
    }
    let token = anonymous.token("/sign-in");
    let response = anonymous.post(
        "/my/wishes/new",
        &[("csrf", &token), ("title", "x"), ("note", "")],
    );
    assert_eq!(
        (response.status, response.header("location")),
        (303, "/sign-in?next=%2Fmy%2Fwishes%2Fnew")
    );
    assert!(
        database
            .lines("SELECT title AS line FROM wishes.wishes")
            .is_empty()
    );
}

/// G3: A cookie of another service on the host, whatever it holds, signs no browser out.
#[test]
fn a_cookie_of_another_service_signs_no_browser_out() {
    let (_database, app) = app();
    let browser = Browser::signed_in(&app, ANN, PASSWORD);
    for value in ["Zürich", "\"a b\"", "=;;=", "x=y"] {
        browser.set_cookie("city", Some(value));
        assert_eq!(browser.get("/my/wishes").status, 200, "{value}");
        let added = browser.submit("/my/wishes/new", &[("title", "See Oslo"), ("note", "")]);
        assert_eq!(added.status, 303, "{value}");
    }
}
