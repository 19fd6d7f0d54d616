//! Renewing a session: rotation, overlap, reuse, age.
use crate::support::accounts::{self, TokenPair, create_account, log_in, post};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::json;
use std::time::Duration;

fn refresh(app: &App, token: &str) -> Response {
    post(app, "/auth/refresh", &json!({ "refresh_token": token }))
}

fn is_alive(app: &App, access: &str) -> bool {
    match accounts::get_as(app, access, "/auth/sessions").status {
        200 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

fn ann() -> (Database, App, TokenPair) {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "ann@example.org", Role::User);
    let ann = log_in(&app, "ann@example.org");
    (database, app, ann)
}

fn events(database: &Database, action: &str) -> Vec<String> {
    database.lines(&format!(
        "SELECT subject AS line FROM audit.events WHERE action = '{action}' ORDER BY id"
    ))
}

/// E12: each use gives the next pair, and the old access token lives on.
#[test]
fn a_refresh_token_is_replaced_when_it_is_used() {
    let (database, app, ann) = ann();
    let mut last = ann.clone();
    for _ in 0..5 {
        let next = accounts::token_pair(&refresh(&app, &last.refresh));
        assert_ne!(next.refresh, last.refresh);
        assert_ne!(next.access, last.access);
        assert!(is_alive(&app, &next.access));
        last = next;
    }
    assert!(is_alive(&app, &ann.access));
    let kept = database.lines("SELECT count(*)::text AS line FROM sessions.refresh_tokens");
    assert_eq!(kept, ["6"]);
    let plain = format!(
        "SELECT count(*)::text AS line FROM sessions.refresh_tokens WHERE encode(token_hash, 'escape') LIKE '%{}%'",
        ann.refresh
    );
    assert_eq!(database.lines(&plain), ["0"]);
}

/// E12: tabs that renew at the same time, on two replicas, all stay signed in.
#[test]
fn twenty_at_once_log_nobody_out() {
    let (database, app, ann) = ann();
    let other = App::over(&database);
    let responses: Vec<Response> = std::thread::scope(|scope| {
        let token = &ann.refresh;
        let ask = |app| scope.spawn(move || refresh(app, token));
        let asked: Vec<_> = (0..20)
            .map(|number| ask(if number % 2 == 0 { &app } else { &other }))
            .collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    for response in &responses {
        let next = accounts::token_pair(response);
        assert!(is_alive(&app, &next.access));
        assert_eq!(refresh(&other, &next.refresh).status, 200);
    }
    assert!(events(&database, "session.reuse_detected").is_empty());
}

/// E12: after the grace, a token that comes back ends the whole family, whoever sent it.
#[test]
fn reuse_after_the_grace_ends_the_session() {
    let (database, app, ann) = ann();
    let other = log_in(&app, "ann@example.org");
    let next = accounts::token_pair(&refresh(&app, &ann.refresh));
    database.execute("UPDATE sessions.refresh_tokens SET replaced_at = replaced_at - interval '9 seconds' WHERE replaced_at IS NOT NULL");
    let overlapping = accounts::token_pair(&refresh(&app, &ann.refresh));
    database.execute("UPDATE sessions.refresh_tokens SET replaced_at = replaced_at - interval '1 second' WHERE replaced_at IS NOT NULL");
    let refused = refresh(&app, &ann.refresh);
    assert_eq!(
        refused.problem(401)["type"],
        "urn:portcullis:problem:invalid-token"
    );
    assert!(refused.header("www-authenticate").contains("invalid_token"));
    for dead in [&ann, &next, &overlapping] {
        assert!(!is_alive(&app, &dead.access));
        refresh(&app, &dead.refresh).problem(401);
    }
    assert!(
        is_alive(&app, &other.access),
        "the other session has nothing to do with it"
    );
    assert_eq!(events(&database, "session.reuse_detected").len(), 1);
    let ended = database.lines("SELECT end_reason AS line FROM sessions.sessions WHERE ended_at IS NOT NULL");
    assert_eq!(ended, ["reuse"]);
}

/// E12: the same from many sides at once is detected once.
#[test]
fn parallel_reuse_is_one_end() {
    let (database, app, ann) = ann();
    accounts::token_pair(&refresh(&app, &ann.refresh));
    database.execute("UPDATE sessions.refresh_tokens SET replaced_at = replaced_at - interval '10 seconds' WHERE replaced_at IS NOT NULL");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| refresh(&app, &ann.refresh).problem(401));
        }
    });
    assert_eq!(events(&database, "session.reuse_detected").len(), 1);
}

/// E12: what was never given, was given for something else, or is no token at all.
#[test]
fn what_is_no_refresh_token_is_401() {
    let (_database, app, ann) = ann();
    let other = if ann.refresh.starts_with('A') { "B" } else { "A" };
    let forged = format!("{other}{}", &ann.refresh[1..]);
    for bad in ["", "x", forged.as_str(), &ann.access, &"A".repeat(1000), "ü\u{0}"] {
        let problem = refresh(&app, bad).problem(401);
        assert_eq!(problem["type"], "urn:portcullis:problem:invalid-token");
    }
    for bad in [
        json!({}),
        json!({ "refresh_token": 7 }),
        json!({ "refresh_token": null }),
    ] {
        assert_eq!(
            post(&app, "/auth/refresh", &bad).fields(400),
            ["body:refresh_token"]
        );
    }
    let as_access = accounts::get_as(&app, &ann.refresh, "/auth/sessions");
    as_access.problem(401);
    assert!(is_alive(&app, &ann.access));
}

/// E12, E5: a session ends when nobody uses it, and at the latest after its life, however active.
#[test]
fn idle_and_life_end_a_session() {
    let database = Database::fresh();
    let app =
        App::start(&database.settings(&[("SESSION_IDLE_TIMEOUT", "3600"), ("SESSION_MAX_AGE", "7200")]));
    create_account(&database, "ann@example.org", Role::User);
    let left = || {
        let left = "SELECT round(extract(epoch FROM expires_at - now()) / 60)::int::text AS line FROM sessions.sessions";
        database.lines(left).remove(0)
    };
    let ann = log_in(&app, "ann@example.org");
    assert_eq!(left(), "60");
    let age = |minutes: u32| {
        database.execute(&format!(
            "UPDATE sessions.sessions SET created_at = created_at - interval '{minutes} minutes',
               last_used_at = last_used_at - interval '{minutes} minutes',
               expires_at = expires_at - interval '{minutes} minutes'"
        ));
    };
    age(50);
    assert_eq!(left(), "10");
    assert!(is_alive(&app, &ann.access));
    assert_eq!(left(), "60", "a request counts as use");
    age(50);
    let ann = accounts::token_pair(&refresh(&app, &ann.refresh));
    assert_eq!(left(), "20", "its life ends before");
    age(20);
    assert!(!is_alive(&app, &ann.access));
    refresh(&app, &ann.refresh).problem(401);
    let ann = log_in(&app, "ann@example.org");
    database.execute(
        "UPDATE sessions.sessions SET expires_at = now() + interval '3 seconds' WHERE ended_at IS NULL",
    );
    std::thread::sleep(Duration::from_secs(3));
    assert!(!is_alive(&app, &ann.access), "not used for too long");
    refresh(&app, &ann.refresh).problem(401);
}

/// E12: no access token outlives its session.
#[test]
fn an_access_token_ends_with_its_session() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("SESSION_MAX_AGE", "90")]));
    create_account(&database, "ann@example.org", Role::User);
    let response = accounts::try_log_in(&app, "ann@example.org", accounts::PASSWORD);
    let life = response.json()["expires_in"].as_u64().unwrap();
    assert!((85..=90).contains(&life), "{life}");
}

/// E12: who may not sign in any more may not renew either; a changed role shows in the next token.
#[test]
fn renewing_looks_at_the_account_again() {
    let (database, app, ann) = ann();
    database.execute("UPDATE accounts.accounts SET role = 'admin'");
    let next = accounts::token_pair(&refresh(&app, &ann.refresh));
    assert_eq!(accounts::claims(&next.access)["admin"], true);
    database.execute("UPDATE accounts.accounts SET deleted_at = now()");
    refresh(&app, &next.refresh).problem(401);
    assert!(!is_alive(&app, &next.access));
}
