//! The number of sessions per account, and listing all of them.

use crate::support::accounts::{PASSWORD, create_account, get_as, log_in};
use crate::support::app::{App, send};
use crate::support::database::Database;
use portcullis::types::role::Role;
use std::collections::BTreeSet;

const ANN: &str = "ann@example.org";

fn app() -> (Database, App, i64) {
    let database = Database::fresh();
    let app = App::over(&database);
    let id = create_account(&database, ANN, Role::User);
    (database, app, id)
}

/// Adds active sessions; number `n` was last used `n` minutes ago.
fn add_sessions(database: &Database, account: i64, kind: &str, count: u32) {
    database.execute(&format!(
        "INSERT INTO sessions.sessions (id, account_id, kind, created_at, last_used_at, expires_at, user_agent)
         SELECT gen_random_uuid(), {account}, '{kind}', now() - interval '1 day', now() - n * interval '1 minute',
           now() + interval '1 hour', n::text
         FROM generate_series(1, {count}) n"
    ));
}

fn active(database: &Database, kind: &str) -> String {
    let count =
        "SELECT count(*)::text AS line FROM sessions.sessions WHERE ended_at IS NULL AND expires_at > now()";
    database.lines(&format!("{count} AND kind = '{kind}'")).remove(0)
}

/// E13: An account has at most 100 sessions of browsers and programs; a login ends the one that has been idle the longest.
/// Single tokens are counted separately.
#[test]
fn the_session_that_was_idle_the_longest_ends() {
    let (database, app, id) = app();
    let other = create_account(&database, "bob@example.org", Role::User);
    add_sessions(&database, other, "api", 100);
    add_sessions(&database, id, "api", 99);
    log_in(&app, ANN);
    assert_eq!(active(&database, "api"), "200");
    log_in(&app, ANN);
    assert_eq!(active(&database, "api"), "200");
    let ended = "SELECT concat_ws(' ', account_id, user_agent, end_reason) AS line FROM sessions.sessions WHERE ended_at IS NOT NULL";
    assert_eq!(database.lines(ended), [format!("{id} 99 too many sessions")]);
    add_sessions(&database, id, "token", 1000);
    let basic = app.request("POST", "/login").basic_auth(ANN, Some(PASSWORD));
    assert_eq!(send(basic).status, 200);
    assert_eq!(
        (
            active(&database, "token").as_str(),
            active(&database, "api").as_str()
        ),
        ("1000", "200")
    );
    let detail = "SELECT detail ->> 'ended' AS line FROM audit.events WHERE detail ? 'ended' ORDER BY id";
    assert_eq!(database.lines(detail), ["1", "1"]);
}

/// E13: The list shows every session, page by page, also when sessions are used or end meanwhile.
#[test]
fn the_list_shows_every_session() {
    let (database, app, id) = app();
    let bob = create_account(&database, "bob@example.org", Role::User);
    add_sessions(&database, id, "api", 60);
    add_sessions(&database, id, "token", 300);
    add_sessions(&database, bob, "api", 3);
    let ann = log_in(&app, ANN).access;
    let mut seen = BTreeSet::new();
    let mut path = "/auth/sessions?limit=100".to_owned();
    for page in 1.. {
        let response = get_as(&app, &ann, &path);
        assert_eq!(response.status, 200, "{response:?}");
        let sessions = response.json()["sessions"].as_array().unwrap().clone();
        assert_eq!(sessions.len(), if page < 4 { 100 } else { 61 });
        for session in sessions {
            assert!(
                seen.insert(session["id"].as_str().unwrap().to_owned()),
                "{session}"
            );
        }
        let Some(link) = response.headers.get("link") else {
            break;
        };
        let link = link.to_str().unwrap();
        path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
        let last = path.rsplit("after=").next().unwrap().replace("%2D", "-");
        database.execute(&format!(
            "UPDATE sessions.sessions SET last_used_at = now() WHERE account_id = {id};
             UPDATE sessions.sessions SET ended_at = now(), end_reason = 'ended' WHERE id = '{last}'"
        ));
    }
    assert_eq!(seen.len(), 361);
    let bobs = database.lines(&format!(
        "SELECT id::text AS line FROM sessions.sessions WHERE account_id = {bob} LIMIT 1"
    ));
    for bad in [bobs[0].as_str(), "00000000-0000-4000-8000-000000000000", "x", ""] {
        let response = get_as(&app, &ann, &format!("/auth/sessions?after={bad}"));
        assert_eq!(response.fields(400), ["query:after"], "{bad}");
    }
    assert_eq!(
        get_as(&app, &ann, "/auth/sessions?limit=0").fields(400),
        ["query:limit"]
    );
}
