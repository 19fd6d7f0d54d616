//! Refresh tokens: rotation, grace period, reuse detection, expiry.

use crate::support::accounts::{self, TokenPair, create_account, log_in, post};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::response::Response;
use portcullis::crypto::tokens::PlainToken;
use portcullis::types::role::Role;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// Not the type of an invalid access token, upon which clients refresh.
const INVALID_GRANT: &str = "urn:portcullis:problem:invalid-grant";

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

/// E12: Each refresh returns a new pair of tokens, and earlier access tokens stay valid.
#[test]
fn a_refresh_replaces_the_refresh_token() {
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
    let stored = database.lines("SELECT count(*)::text AS line FROM sessions.refresh_tokens");
    assert_eq!(stored, ["6"]);
    let plain = format!(
        "SELECT count(*)::text AS line FROM sessions.refresh_tokens WHERE encode(token_hash, 'escape') LIKE '%{}%'",
        ann.refresh
    );
    assert_eq!(database.lines(&plain), ["0"]);
}

/// E12: Twenty concurrent refreshes with one token, on two instances, all succeed.
#[test]
fn concurrent_refreshes_all_succeed() {
    let (database, app, ann) = ann();
    let other = App::over(&database);
    let responses: Vec<Response> = std::thread::scope(|scope| {
        let token = &ann.refresh;
        let send = |app| scope.spawn(move || refresh(app, token));
        let threads: Vec<_> = (0..20)
            .map(|number| send(if number % 2 == 0 { &app } else { &other }))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for response in &responses {
        let next = accounts::token_pair(response);
        assert!(is_alive(&app, &next.access));
        assert_eq!(refresh(&other, &next.refresh).status, 200);
    }
    assert!(events(&database, "session.reuse_detected").is_empty());
}

/// E12: Reusing a refresh token after the grace period ends its session, and no other.
#[test]
fn reuse_after_the_grace_period_ends_the_session() {
    let (database, app, ann) = ann();
    let other = log_in(&app, "ann@example.org");
    let next = accounts::token_pair(&refresh(&app, &ann.refresh));
    database.execute("UPDATE sessions.refresh_tokens SET replaced_at = replaced_at - interval '9 seconds' WHERE replaced_at IS NOT NULL");
    let overlapping = accounts::token_pair(&refresh(&app, &ann.refresh));
    database.execute("UPDATE sessions.refresh_tokens SET replaced_at = replaced_at - interval '1 second' WHERE replaced_at IS NOT NULL");
    let rejected = refresh(&app, &ann.refresh);
    assert_eq!(rejected.problem(401)["type"], INVALID_GRANT);
    assert_eq!(rejected.header("www-authenticate"), "Bearer");
    for revoked in [&ann, &next, &overlapping] {
        assert!(!is_alive(&app, &revoked.access));
        refresh(&app, &revoked.refresh).problem(401);
    }
    assert!(is_alive(&app, &other.access), "another session is not affected");
    assert_eq!(events(&database, "session.reuse_detected").len(), 1);
    let ended = database.lines("SELECT end_reason AS line FROM sessions.sessions WHERE ended_at IS NOT NULL");
    assert_eq!(ended, ["reuse"]);
}

/// E12: Concurrent reuse is detected and logged once.
#[test]
fn concurrent_reuse_is_logged_once() {
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

/// E12: Forged, malformed and other kinds of tokens are rejected as refresh tokens.
#[test]
fn an_invalid_refresh_token_is_401() {
    let (_database, app, ann) = ann();
    let other = if ann.refresh.starts_with('A') { "B" } else { "A" };
    let forged = format!("{other}{}", &ann.refresh[1..]);
    for bad in ["", "x", forged.as_str(), &ann.access, &"A".repeat(1000), "ü\u{0}"] {
        assert_eq!(refresh(&app, bad).problem(401)["type"], INVALID_GRANT);
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

/// E12, E5: A session ends after its idle timeout, and at its maximum age even when it is in use.
#[test]
fn idle_timeout_and_maximum_age_end_a_session() {
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
    assert_eq!(left(), "20", "the maximum age comes first");
    age(20);
    assert!(!is_alive(&app, &ann.access));
    refresh(&app, &ann.refresh).problem(401);
    let ann = log_in(&app, "ann@example.org");
    database.execute(
        "UPDATE sessions.sessions SET expires_at = now() + interval '3 seconds' WHERE ended_at IS NULL",
    );
    std::thread::sleep(Duration::from_secs(3));
    assert!(!is_alive(&app, &ann.access), "the idle timeout has passed");
    refresh(&app, &ann.refresh).problem(401);
}

/// E12: An access token expires no later than its session.
#[test]
fn an_access_token_expires_with_its_session() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("SESSION_MAX_AGE", "90")]));
    create_account(&database, "ann@example.org", Role::User);
    let response = accounts::try_log_in(&app, "ann@example.org", accounts::PASSWORD);
    let ttl = response.json()["expires_in"].as_u64().unwrap();
    assert!((85..=90).contains(&ttl), "{ttl}");
}

/// E12: A refresh applies a changed role and fails for a deleted account.
#[test]
fn a_refresh_applies_changes_of_the_account() {
    let (database, app, ann) = ann();
    database.execute("UPDATE accounts.accounts SET role = 'admin'");
    let next = accounts::token_pair(&refresh(&app, &ann.refresh));
    assert_eq!(accounts::claims(&next.access)["admin"], true);
    database.execute("UPDATE accounts.accounts SET deleted_at = now()");
    refresh(&app, &next.refresh).problem(401);
    assert!(!is_alive(&app, &next.access));
}

fn stored(database: &Database) -> usize {
    let count = "SELECT count(*)::text AS line FROM sessions.refresh_tokens";
    database.lines(count)[0].parse().unwrap()
}

/// Moves the replacement of all tokens into the past.
fn age(database: &Database, seconds: i32) {
    database.execute(&format!(
        "UPDATE sessions.refresh_tokens SET replaced_at = replaced_at - interval '{seconds} seconds' WHERE replaced_at IS NOT NULL"
    ));
}

fn reuse_mails(database: &Database) -> Vec<String> {
    database.lines("SELECT recipient AS line FROM mail.outbox WHERE kind = 'session_reused'")
}

/// E12: A thief who refreshes within the grace period gets the owner's next token, so that the next refresh of either one
/// exposes the other; the owner is notified by mail.
#[test]
fn a_thief_within_the_grace_period_is_detected_at_the_next_refresh() {
    for owner_first in [true, false] {
        let (database, app, ann) = ann();
        let owner = accounts::token_pair(&refresh(&app, &ann.refresh));
        age(&database, 3);
        let thief = accounts::token_pair(&refresh(&app, &ann.refresh));
        assert_eq!(thief.refresh, owner.refresh, "there is one current token");
        let (first, second) = if owner_first {
            (&owner, &thief)
        } else {
            (&thief, &owner)
        };
        let renewed = accounts::token_pair(&refresh(&app, &first.refresh));
        age(&database, 11);
        refresh(&app, &second.refresh).problem(401);
        for access in [&owner.access, &thief.access, &renewed.access] {
            assert!(!is_alive(&app, access));
        }
        refresh(&app, &renewed.refresh).problem(401);
        assert_eq!(events(&database, "session.reuse_detected").len(), 1);
        assert_eq!(reuse_mails(&database), ["ann@example.org"]);
    }
}

/// E12: However often a token is sent within the grace period, at two instances, it has one successor.
#[test]
fn a_token_has_one_successor() {
    let (database, app, ann) = ann();
    let other = App::over(&database);
    let successors: BTreeSet<String> = std::thread::scope(|scope| {
        let token = &ann.refresh;
        let send = |app| scope.spawn(move || accounts::token_pair(&refresh(app, token)).refresh);
        let threads: Vec<_> = (0..40)
            .map(|number| send(if number % 2 == 0 { &app } else { &other }))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(successors.len(), 1);
    assert_eq!(stored(&database), 2);
    assert!(events(&database, "session.reuse_detected").is_empty());
}

/// E12: A client that refreshed several times and repeats its first request gets the current token.
#[test]
fn an_overlapping_token_leads_to_the_current_one() {
    let (_database, app, ann) = ann();
    let mut last = ann.clone();
    for _ in 0..3 {
        last = accounts::token_pair(&refresh(&app, &last.refresh));
    }
    let repeated = accounts::token_pair(&refresh(&app, &ann.refresh));
    assert_eq!(repeated.refresh, last.refresh);
    assert_eq!(refresh(&app, &repeated.refresh).status, 200);
}

/// E12: The stored tokens of a session are bounded, and a token whose row is deleted is still recognised as reused.
#[test]
fn old_tokens_are_recognised_without_their_rows() {
    let (database, app, ann) = ann();
    let mut last = ann.clone();
    for _ in 0..35 {
        last = accounts::token_pair(&refresh(&app, &last.refresh));
    }
    assert_eq!(stored(&database), 30);
    let (content, end) = ann.refresh.split_at(ann.refresh.len() - 1);
    let forged = format!("{content}{}", if end == "A" { "Q" } else { "A" });
    refresh(&app, &forged).problem(401);
    assert!(is_alive(&app, &last.access), "a forged token ends no session");
    refresh(&app, &ann.refresh).problem(401);
    assert!(!is_alive(&app, &last.access));
    assert_eq!(events(&database, "session.reuse_detected").len(), 1);
}

/// E12: When the database's clock was set back, a replaced token does not become valid again.
#[test]
fn a_clock_that_was_set_back_does_not_revive_a_token() {
    let (database, app, ann) = ann();
    let next = accounts::token_pair(&refresh(&app, &ann.refresh));
    age(&database, -3600);
    refresh(&app, &ann.refresh).problem(401);
    assert!(!is_alive(&app, &next.access));
}

/// E12, K4: A token that a previous version of the program replaced is accepted within the grace period.
#[test]
fn a_token_replaced_by_a_previous_version_is_accepted() {
    let (database, app, ann) = ann();
    let plain = PlainToken::random();
    database.execute(&format!(
        "INSERT INTO sessions.refresh_tokens (token_hash, session_id, replaced_at)
         SELECT decode('{}', 'hex'), id, now() FROM sessions.sessions",
        hex(plain.hash().bytes())
    ));
    let next = accounts::token_pair(&refresh(&app, plain.reveal()));
    assert_eq!(refresh(&app, &next.refresh).status, 200);
    assert!(is_alive(&app, &ann.access));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
