//! Where the settings require a second factor, an account without one may only set one up.

use crate::support::accounts::{PASSWORD, call_as, claims, create_account, post, token_pair, try_log_in};
use crate::support::app::{App, send};
use crate::support::authenticator::{code, enable_totp};
use crate::support::browser::Browser;
use crate::support::database::Database;
use portcullis::types::role::Role;
use serde_json::{Value, json};

const ADMIN: &str = "admin@example.org";

const REQUIRED: &str = "urn:portcullis:problem:second-factor-setup-required";

fn start(policy: &str) -> (Database, App) {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("SECOND_FACTOR", policy)]));
    (database, app)
}

/// E18, E19: An administrator who must have a second factor and has none can sign in only to set it up. The token says so,
/// and is worth nothing elsewhere.
#[test]
fn an_administrator_without_a_second_factor_can_only_set_one_up() {
    let (database, app) = start("admins");
    create_account(&database, ADMIN, Role::Admin);
    let response = try_log_in(&app, ADMIN, PASSWORD);
    assert_eq!(response.json()["second_factor_setup_required"], true);
    let tokens = token_pair(&response);
    assert_eq!(claims(&tokens.access)["admin"], false);
    assert_eq!(claims(&tokens.access)["scope"], "");
    let call = |method: &str, path: &str| call_as(&app, &tokens.access, method, path, &Value::Null);
    for (method, path) in [
        ("GET", "/users"),
        ("GET", "/admin/audit"),
        ("GET", "/wishes"),
        ("PUT", "/auth/me"),
        ("DELETE", "/auth/me"),
        ("GET", "/auth/sessions"),
        ("POST", "/auth/totp/disable"),
        ("POST", "/validate"),
        ("POST", "/introspect"),
    ] {
        assert_eq!(
            call(method, path).problem(403)["type"],
            REQUIRED,
            "{method} {path}"
        );
    }
    for path in ["/auth/me", "/auth/totp"] {
        assert_eq!(call("GET", path).status, 200, "{path}");
    }
    let basic = send(app.request("POST", "/login").basic_auth(ADMIN, Some(PASSWORD)));
    assert_eq!(basic.problem(401)["type"], REQUIRED);
    let counted = "SELECT coalesce(sum(count), 0)::text AS line FROM sessions.throttles";
    assert_eq!(database.lines(counted), ["0"], "a right password is no guess");
    let refreshed = post(&app, "/auth/refresh", &json!({ "refresh_token": tokens.refresh }));
    assert_eq!(refreshed.json()["second_factor_setup_required"], true);
    let access = token_pair(&refreshed).access;
    assert_eq!(claims(&access)["scope"], "");
    enable_totp(&app, &access);
    assert_eq!(call_as(&app, &access, "GET", "/users", &Value::Null).status, 200);
    let refresh = token_pair(&refreshed).refresh;
    let unrestricted = post(&app, "/auth/refresh", &json!({ "refresh_token": refresh }));
    assert_eq!(unrestricted.json()["second_factor_setup_required"], Value::Null);
    assert_eq!(claims(&token_pair(&unrestricted).access)["admin"], true);
}

/// E18: `admins` includes approvers and leaves other roles alone, `all` includes every role but introspector, which has no
/// operations on its account, and `optional` no one.
#[test]
fn the_setting_says_who_needs_a_second_factor() {
    for (policy, role, expected) in [
        ("admins", Role::User, false),
        ("admins", Role::Ingest, false),
        ("admins", Role::Approver, true),
        ("all", Role::User, true),
        ("all", Role::Approver, true),
        ("all", Role::Introspector, false),
        ("optional", Role::Admin, false),
    ] {
        let (database, app) = start(policy);
        create_account(&database, "ann@example.org", role);
        let restricted =
            &try_log_in(&app, "ann@example.org", PASSWORD).json()["second_factor_setup_required"];
        assert_eq!(*restricted == json!(true), expected, "{policy} {role}");
    }
}

/// E18, G2: In a browser, the set-up is the only page until it is done; afterwards the same session continues.
#[test]
fn a_browser_is_led_to_the_setup() {
    let (database, app) = start("admins");
    create_account(&database, ADMIN, Role::Admin);
    let browser = Browser::signed_in(&app, ADMIN, PASSWORD);
    for path in ["/my/wishes", "/my/account", "/my/account/password"] {
        let response = browser.get(path);
        assert_eq!(
            (response.status, response.header("location")),
            (303, "/my/account/second-factor"),
            "{path}"
        );
    }
    assert!(
        browser
            .get("/my/account/second-factor")
            .text()
            .contains("Your role requires")
    );
    let wrong = browser.submit("/my/account/second-factor", &[("current", "not the password")]);
    assert_eq!(wrong.status, 403);
    let started = browser.submit("/my/account/second-factor", &[("current", PASSWORD)]);
    assert_eq!(started.status, 200, "{}", started.text());
    let (_, secret) = started.text().split_once("<code class=\"secret\">").unwrap();
    let secret = secret.split('<').next().unwrap().to_owned();
    assert!(started.text().contains("otpauth://totp/"));
    let confirm = |code: &str| {
        let csrf = browser.token("/my/account/second-factor");
        browser.post(
            "/my/account/second-factor/confirm",
            &[("csrf", &csrf), ("code", code)],
        )
    };
    assert_eq!(confirm("12345").status, 400);
    assert_eq!(confirm(&code(&secret, 5)).status, 403);
    let done = confirm(&code(&secret, 0));
    assert_eq!((done.status, done.text().matches("<li><code").count()), (200, 10));
    assert_eq!(browser.get("/my/wishes").status, 200);
    assert!(
        browser
            .get("/my/account")
            .text()
            .contains("signing in requires a code")
    );
    database.execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10");
    let proof = [("current", PASSWORD), ("code", &code(&secret, 0))];
    let renewed = browser.submit("/my/account/second-factor/codes", &proof);
    assert_eq!(
        renewed.text().matches("<li><code").count(),
        10,
        "{}",
        renewed.text()
    );
    let used = browser.submit("/my/account/second-factor/remove", &proof);
    assert!(used.status == 403 && used.text().contains("used already"));
    database.execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10");
    let removed = browser.submit("/my/account/second-factor/remove", &proof);
    assert_eq!((removed.status, removed.header("location")), (303, "/my/account"));
    assert_eq!(
        browser.get("/my/wishes").header("location"),
        "/my/account/second-factor"
    );
}
