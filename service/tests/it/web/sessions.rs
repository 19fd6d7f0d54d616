//! Signing in and out in a browser: the cookie, and what becomes of it.
use crate::support::accounts::{PASSWORD, account, account_in, get, log_in};
use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::database::Database;
use portcullis::types::role::Role;

const ANN: &str = "ann@example.org";
const SESSION: &str = "__Host-session";

fn stage() -> (Database, App) {
    let database = Database::fresh();
    account(&database, ANN, Role::User);
    let app = App::over(&database);
    (database, app)
}

/// G2, G3
#[test]
fn the_sessions_cookie_is_kept_from_scripts_strangers_and_neighbours() {
    let (_database, app) = stage();
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
    assert_eq!(names, [SESSION, "__Host-csrf"]);
    for cookie in cookies {
        let mut parts = cookie.split("; ");
        let (_, value) = parts.next().unwrap().split_once('=').unwrap();
        assert_eq!(value.len(), 43, "256 bits: {cookie}");
        let mut attributes: Vec<&str> = parts.collect();
        attributes.sort_unstable();
        // No Domain: that is what the prefix is about.
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

/// G3: whoever planted a cookie before does not share the session that begins.
#[test]
fn a_session_begins_with_an_id_that_nobody_knew() {
    let (_database, app) = stage();
    let planted = "q3T1x0m8Yc5yW9rJ4uH2vN7sK6pL0zEfGdB1aQiOtXk";
    let victim = Browser::new(&app);
    victim.set_cookie(SESSION, Some(planted));
    assert_eq!(
        victim
            .submit("/sign-in", &[("email", ANN), ("password", PASSWORD)])
            .status,
        303
    );
    let first = victim.cookie(SESSION).unwrap();
    assert_ne!(first, planted);
    let thief = Browser::new(&app);
    thief.set_cookie(SESSION, Some(planted));
    assert_eq!(thief.get("/my/wishes").status, 303);
    // Another sign-in in the same browser: another id, and the one before is void.
    let token = victim.token("/my/wishes/new");
    let fields = [("csrf", token.as_str()), ("email", ANN), ("password", PASSWORD)];
    assert_eq!(victim.post("/sign-in", &fields).status, 303);
    assert_ne!(victim.cookie(SESSION).unwrap(), first);
    thief.set_cookie(SESSION, Some(&first));
    assert_eq!(thief.get("/my/wishes").status, 303);
    assert_eq!(victim.get("/my/wishes").status, 200);
}

/// G3: signing out ends the session here, whatever copies of the cookie there are.
#[test]
fn signing_out_ends_the_session_on_the_server() {
    let (database, app) = stage();
    let browser = Browser::signed_in(&app, ANN, PASSWORD);
    let kept = browser.cookie(SESSION);
    let thief = Browser::new(&app);
    thief.set_cookie(SESSION, kept.as_deref());
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
    assert_eq!(browser.cookie(SESSION), None);
    let page = browser.get("/sign-out");
    assert!(page.status == 200 && page.text().contains("You are signed out"));
    assert_eq!(thief.get("/my/wishes").status, 303);
    let ended =
        "SELECT action || ' ' || (detail->>'why') AS line FROM audit.events WHERE action = 'session.ended'";
    assert_eq!(database.lines(ended), ["session.ended log-out"]);
}

/// G3: what ends sessions elsewhere ends those of browsers, and a browser's cookie is no access token.
#[test]
fn a_browsers_session_is_one_of_ones_sessions() {
    let (database, app) = stage();
    let browser = Browser::signed_in(&app, ANN, PASSWORD);
    let access = log_in(&app, ANN).access;
    let sessions = get(&app, &access, "/auth/sessions").json();
    let kinds: Vec<&str> = sessions["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"browser"), "{sessions}");
    get(&app, &browser.cookie(SESSION).unwrap(), "/auth/me").problem(401);
    browser.set_cookie("__Host-other", browser.cookie(SESSION).as_deref());
    assert_eq!(browser.get("/my/wishes").status, 200);
    database.execute("UPDATE sessions.sessions SET ended_at = now(), end_reason = 'ended'");
    let response = browser.get("/my/wishes/new");
    assert_eq!(
        (response.status, response.header("location")),
        (303, "/sign-in?next=%2Fmy%2Fwishes%2Fnew")
    );
    // An access token in the place of the cookie.
    browser.set_cookie(SESSION, Some(&access));
    assert_eq!(browser.get("/my/wishes").status, 303);
}

/// G2, E5: whoever is refused learns nothing from it.
#[test]
fn every_refusal_at_the_door_looks_the_same() {
    let (database, app) = stage();
    for (email, state) in [
        ("new@example.org", "unconfirmed"),
        ("invited@example.org", "invited"),
    ] {
        account_in(&database, email, Role::User, state);
    }
    let refusal = |email: &str, password: &str| {
        let browser = Browser::new(&app);
        let response = browser.submit("/sign-in", &[("email", email), ("password", password)]);
        assert_eq!(response.status, 403, "{email}");
        assert_eq!(browser.cookie(SESSION), None, "{email}");
        assert!(!response.text().contains(password), "{email}");
        let token = crate::support::browser::token_in(&response).unwrap();
        assert!(response.text().contains(&format!("value=\"{email}\"")), "{email}");
        response.text().replace(&token, "").replace(email, "")
    };
    let wrong = refusal(ANN, "not the password at all");
    assert!(wrong.contains("You are not signed in"));
    for (email, password) in [
        ("nobody@example.org", "not the password at all"),
        ("new@example.org", PASSWORD),
        ("invited@example.org", PASSWORD),
    ] {
        assert_eq!(refusal(email, password), wrong, "{email}");
    }
    let empty = Browser::new(&app).submit("/sign-in", &[("email", ""), ("password", "")]);
    assert_eq!(empty.status, 400);
    assert!(empty.text().contains("#email") && empty.text().contains("#password"));
}

/// G2, CWE-601: the way back leads to the page that was wanted, and never to somebody else.
#[test]
fn signing_in_leads_to_the_page_that_was_wanted_and_never_away() {
    let (_database, app) = stage();
    for (wanted, reached) in [
        ("/my/wishes/new", "/my/wishes/new"),
        ("/my/wishes?show=open", "/my/wishes?show=open"),
        ("https://evil.example/", "/my/wishes"),
        ("//evil.example/", "/my/wishes"),
        ("/my//evil.example", "/my/wishes"),
        ("/sign-out", "/my/wishes"),
    ] {
        let encoded = wanted.replace('/', "%2F").replace('?', "%3F").replace('=', "%3D");
        let browser = Browser::new(&app);
        let page = browser.get(&format!("/sign-in?next={encoded}"));
        let hidden = format!("name=\"next\" value=\"{reached}\"");
        assert_eq!(page.text().contains(&hidden), reached != "/my/wishes", "{wanted}");
        assert!(!page.text().contains("evil"), "{wanted}");
        let token = crate::support::browser::token_in(&page).unwrap();
        // Past the page's own check, straight into the form.
        let fields = [
            ("csrf", token.as_str()),
            ("email", ANN),
            ("password", PASSWORD),
            ("next", wanted),
        ];
        let response = browser.post("/sign-in", &fields);
        assert_eq!(
            (response.status, response.header("location")),
            (303, reached),
            "{wanted}"
        );
        // Whoever is signed in has no use for the page.
        let again = browser.get(&format!("/sign-in?next={encoded}"));
        assert_eq!(
            (again.status, again.header("location")),
            (303, reached),
            "{wanted}"
        );
    }
}

/// G3: a form that was sent when the session had ended leads to the sign-in page and changes nothing.
#[test]
fn a_member_only_page_is_closed_to_strangers() {
    let (database, app) = stage();
    let stranger = Browser::new(&app);
    for path in [
        "/my/wishes",
        "/my/wishes/new",
        "/my/wishes/1",
        "/my/wishes/1/delete",
    ] {
        let response = stranger.get(path);
        assert_eq!(response.status, 303, "{path}");
        assert!(response.header("location").starts_with("/sign-in"), "{path}");
    }
    let token = stranger.token("/sign-in");
    let response = stranger.post(
        "/my/wishes/new",
        &[("csrf", &token), ("title", "x"), ("note", "")],
    );
    assert_eq!((response.status, response.header("location")), (303, "/sign-in"));
    assert!(
        database
            .lines("SELECT title AS line FROM wishes.wishes")
            .is_empty()
    );
}
