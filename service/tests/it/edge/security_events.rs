//! Attacks leave log lines that say who and where, and a flood of them does not flood the log.

use crate::support::accounts::{PASSWORD, call_as, create_account, get_as, log_in, post, try_log_in};
use crate::support::app::{App, send};
use crate::support::authenticator::enable_totp;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::program::ServiceProcess;
use portcullis::types::role::Role;
use serde_json::{Value, json};

/// The log lines with an event of this name.
fn events<'a>(log: &'a [Value], name: &str) -> Vec<&'a Value> {
    log.iter().filter(|line| line["event"] == name).collect()
}

/// Stops the service; returns its log.
fn stop(serving: ServiceProcess) -> Vec<Value> {
    serving.terminate();
    let (code, log) = serving.wait();
    assert_eq!(code, Some(0));
    log.iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Checks that the first of these events was logged as a warning with these fields, and the others as a number.
fn assert_events(log: &[Value], name: &str, count: usize, fields: &[(&str, Value)]) {
    let lines = events(log, name);
    let Some(first) = lines.first() else {
        panic!("no {name} in {log:#?}");
    };
    assert_eq!(first["level"], "WARN", "{first}");
    assert_eq!(first["request_id"].as_str().map(str::len), Some(32), "{first}");
    assert_eq!(first["client_network"], "127.0.0.1", "{first}");
    for (field, value) in fields {
        assert_eq!(first[field], *value, "{field}: {first}");
    }
    let counts = lines.iter().map(|line| line["repeats"].as_u64().unwrap_or(1));
    assert_eq!(counts.sum::<u64>(), u64::try_from(count).unwrap(), "{lines:?}");
    // Two in each minute.
    assert!(lines.len() <= 4, "{lines:?}");
    assert!(
        lines.iter().all(|line| line["client_network"] == "127.0.0.1"),
        "{lines:?}"
    );
}

/// J6: Throttled, denied and forged requests, rejected tokens and right passwords without their code are logged with account, network and request id: the
/// first at once, the others as a number.
#[test]
fn rejected_requests_are_logged_with_who_and_where() {
    let database = Database::fresh();
    let ann = create_account(&database, "ann@example.org", Role::User);
    let bob = create_account(&database, "bob@example.org", Role::User);
    let serving = ServiceProcess::start(&database.pairs());
    let app = App::of_process(&serving);
    let token = log_in(&app, "ann@example.org").access;
    for _ in 0..7 {
        get_as(&app, &token, "/users").problem(403);
        get_as(&app, "eyJhbGciOiJub25lIn0.e30.", "/auth/me").problem(401);
    }
    serving.wait_for_line("access.denied");
    call_as(&app, &token, "DELETE", "/user?id=1", &Value::Null).problem(403);
    let cay = create_account(&database, "cay@example.org", Role::User);
    enable_totp(&app, &log_in(&app, "cay@example.org").access);
    for _ in 0..3 {
        try_log_in(&app, "cay@example.org", PASSWORD).problem(401);
        post(&app, "/auth/refresh", &json!({ "refresh_token": "unknown" })).problem(401);
    }
    let statuses: Vec<u16> = (0..12)
        .map(|_| try_log_in(&app, "bob@example.org", "wrong").status)
        .collect();
    let throttled = statuses.iter().filter(|status| **status == 429).count();
    assert!(throttled > 1, "{statuses:?}");
    let browser = Browser::new(&app);
    for _ in 0..3 {
        let fields = [("email", "bob@example.org"), ("password", PASSWORD)];
        let headers = [("Origin", "https://evil.example")];
        assert_eq!(browser.post_with("/sign-in", &fields, &headers).status, 403);
    }
    let page = browser.submit(
        "/sign-in",
        &[("email", "bob@example.org"), ("password", PASSWORD)],
    );
    assert_eq!(page.status, 429, "{page:?}");
    let log = stop(serving);
    let account = |id: i64| ("account_id", json!(id));
    let denied = [
        account(ann),
        ("http.route", json!("/users")),
        ("problem", json!("insufficient-scope")),
    ];
    assert_events(&log, "access.denied", 8, &denied);
    assert_events(&log, "token.rejected", 10, &[("http.route", json!("/auth/me"))]);
    let attempted = [("attempted_account_id", json!(cay))];
    assert_events(&log, "session.code_missing", 3, &attempted);
    let attempted = [
        ("attempted_account_id", json!(bob)),
        ("problem", json!("too-many-attempts")),
    ];
    assert_events(&log, "session.throttled", throttled + 1, &attempted);
    assert_events(&log, "form.forged", 3, &[("http.route", json!("/sign-in"))]);
    let answered: Vec<&Value> = log.iter().filter(|line| line["message"] == "answered").collect();
    let of = |route: &str| {
        answered
            .iter()
            .find(|line| line["http.route"] == route)
            .copied()
            .unwrap()
    };
    assert_eq!(of("/users")["account_id"], json!(ann));
    assert_eq!(of("/auth/login")["attempted_account_id"], json!(ann));
    assert!(answered.iter().all(|line| line["client_network"] == "127.0.0.1"));
    let text = log.iter().map(Value::to_string).collect::<String>();
    assert!(!text.contains("@example.org") && !text.contains(&token));
}

/// J6: The reuse of a refresh token is logged with its account and session.
#[test]
fn the_reuse_of_a_refresh_token_is_logged() {
    let database = Database::fresh();
    let ann = create_account(&database, "ann@example.org", Role::User);
    let serving = ServiceProcess::start(&database.pairs());
    let app = App::of_process(&serving);
    let stolen = log_in(&app, "ann@example.org").refresh;
    let refresh = |token: &str| post(&app, "/auth/refresh", &json!({ "refresh_token": token }));
    let current = refresh(&stolen).json()["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(refresh(&current).status, 200);
    let age = "UPDATE sessions.refresh_tokens SET replaced_at = replaced_at - interval '1 hour' WHERE replaced_at IS NOT NULL";
    database.execute(age);
    refresh(&stolen).problem(401);
    let log = stop(serving);
    let session = database
        .lines("SELECT id::text AS line FROM sessions.sessions")
        .remove(0);
    let fields = [("account_id", json!(ann)), ("session_id", json!(session))];
    assert_events(&log, "session.reuse_detected", 1, &fields);
}

/// J6: A flood from one network leaves two lines a minute.
#[test]
fn a_flood_does_not_flood_the_log() {
    let mut pairs = Database::not_created().pairs();
    pairs.retain(|(name, _)| name != "RATE_LIMIT");
    pairs.push(("RATE_LIMIT".into(), "1".into()));
    let serving = ServiceProcess::start(&pairs);
    let app = App::of_process(&serving);
    let throttled = (0..200)
        .filter(|_| send(app.request("GET", "/version")).status == 429)
        .count();
    let log = stop(serving);
    assert_events(&log, "request.throttled", throttled, &[]);
}
