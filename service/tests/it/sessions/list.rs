//! Listing and ending the sessions of the caller.

use crate::support::accounts::{TokenPair, call_as, create_account, get_as, log_in, post, token_pair};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::token_forger::{Parts, signing_key};
use portcullis::types::role::Role;
use serde_json::{Value, json};

/// A user who is logged in, with two instances of the service.
struct Fixture {
    database: Database,
    app: App,
    /// Another instance over the same database.
    other: App,
    ann: TokenPair,
}

impl Fixture {
    fn new() -> Self {
        let database = Database::fresh();
        let app = App::over(&database);
        create_account(&database, "ann@example.org", Role::User);
        create_account(&database, "bob@example.org", Role::Admin);
        let ann = log_in(&app, "ann@example.org");
        Self {
            other: App::over(&database),
            database,
            app,
            ann,
        }
    }

    fn list(&self, token: &str) -> Vec<Value> {
        let response = get_as(&self.app, token, "/auth/sessions");
        assert_eq!(response.status, 200, "{response:?}");
        response.json()["sessions"].as_array().unwrap().clone()
    }

    /// Whether the other instance rejects both tokens. Panics when it rejects only one of them.
    fn is_ended(&self, tokens: &TokenPair) -> bool {
        let access = get_as(&self.other, &tokens.access, "/auth/sessions").status;
        let body = json!({ "refresh_token": tokens.refresh });
        let refresh = post(&self.other, "/auth/refresh", &body).status;
        assert_eq!(access, refresh);
        access == 401
    }
}

/// E13: After a logout every instance rejects both tokens of the session at once.
#[test]
fn a_logout_revokes_both_tokens_everywhere() {
    let fixture = Fixture::new();
    let second = log_in(&fixture.app, "ann@example.org");
    let logout = call_as(
        &fixture.app,
        &fixture.ann.access,
        "POST",
        "/auth/logout",
        &Value::Null,
    );
    assert_eq!((logout.status, logout.body.len()), (204, 0));
    assert!(fixture.is_ended(&fixture.ann));
    assert!(!fixture.is_ended(&second));
    let again = call_as(
        &fixture.app,
        &fixture.ann.access,
        "POST",
        "/auth/logout",
        &Value::Null,
    );
    assert_eq!(again.status, 204, "a session that has ended is no error");
    let events = "SELECT detail ->> 'why' AS line FROM audit.events WHERE action = 'session.ended'";
    assert_eq!(fixture.database.lines(events), ["log-out"]);
}

/// E13: A logout everywhere ends every session of the account and no session of another account.
#[test]
fn a_logout_everywhere_ends_all_sessions_of_the_account() {
    let fixture = Fixture::new();
    let others = [(); 2].map(|()| log_in(&fixture.app, "ann@example.org"));
    let bob = log_in(&fixture.app, "bob@example.org");
    let logout = call_as(
        &fixture.app,
        &others[0].access,
        "POST",
        "/auth/logout-all",
        &Value::Null,
    );
    assert_eq!(logout.status, 204);
    assert!(fixture.is_ended(&fixture.ann) && fixture.is_ended(&others[0]) && fixture.is_ended(&others[1]));
    assert!(!fixture.is_ended(&bob));
    let ann = log_in(&fixture.app, "ann@example.org");
    assert!(!fixture.is_ended(&ann), "a new login works");
}

/// E13: The list shows the sessions of the account and marks the current one.
#[test]
fn the_list_marks_the_current_session() {
    let fixture = Fixture::new();
    let request = fixture
        .app
        .request("POST", "/auth/login")
        .header("user-agent", "a phone");
    let body = json!({ "email": "ann@example.org", "password": crate::support::accounts::PASSWORD });
    let phone = crate::support::app::send(
        request
            .header("content-type", "application/json")
            .body(body.to_string()),
    );
    let phone = crate::support::accounts::token_pair(&phone);
    log_in(&fixture.app, "bob@example.org");
    let list = fixture.list(&phone.access);
    assert_eq!(list.len(), 2);
    let current: Vec<_> = list.iter().filter(|session| session["current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["user_agent"], "a phone");
    for session in &list {
        assert_eq!(
            (&session["kind"], &session["address"]),
            (&json!("api"), &json!("127.0.0.1"))
        );
        for time in ["created_at", "last_used_at", "expires_at"] {
            assert!(session[time].as_str().unwrap().starts_with("20"), "{session}");
        }
        assert_eq!(
            session.as_object().unwrap().len(),
            8,
            "an unexpected member: {session}"
        );
    }
}

/// E13: A session can be ended by its owner only. For other accounts it does not exist.
#[test]
fn only_its_owner_can_end_a_session() {
    let fixture = Fixture::new();
    let lost = log_in(&fixture.app, "ann@example.org");
    let bob = log_in(&fixture.app, "bob@example.org");
    let id = |token: &str| {
        let list = fixture.list(token);
        let current = list.iter().find(|session| session["current"] == true).unwrap();
        current["id"].as_str().unwrap().to_owned()
    };
    let end = |token: &str, id: &str| {
        call_as(
            &fixture.app,
            token,
            "DELETE",
            &format!("/auth/sessions/{id}"),
            &Value::Null,
        )
    };
    let (lost_id, bobs_id) = (id(&lost.access), id(&bob.access));
    end(&bob.access, &lost_id).problem(404);
    end(&fixture.ann.access, &bobs_id).problem(404);
    assert!(!fixture.is_ended(&bob));
    assert_eq!(end(&fixture.ann.access, &lost_id).status, 204);
    assert!(fixture.is_ended(&lost));
    end(&fixture.ann.access, &lost_id).problem(404);
    let own = id(&fixture.ann.access);
    for bad in [
        "0",
        "x",
        "%00",
        &own.to_uppercase(),
        "00000000-0000-0000-0000-000000000000",
    ] {
        end(&fixture.ann.access, bad).problem(404);
    }
    assert_eq!(end(&fixture.ann.access, &own).status, 204);
    assert!(fixture.is_ended(&fixture.ann));
}

/// E13: Unauthenticated clients can neither list nor end sessions.
#[test]
fn without_a_token_sessions_are_not_accessible() {
    let fixture = Fixture::new();
    for (method, path) in [
        ("GET", "/auth/sessions"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/logout-all"),
        ("DELETE", "/auth/sessions/67e55044-10b1-426f-9247-bb680e5fe0c8"),
    ] {
        let anonymous = crate::support::app::send(fixture.app.request(method, path));
        anonymous.problem(401);
        assert_eq!(anonymous.header("www-authenticate"), "Bearer");
        let bad = call_as(&fixture.app, "x.y.z", method, path, &Value::Null);
        if path == "/auth/logout" {
            assert_eq!(bad.status, 204, "{bad:?}");
        } else {
            bad.problem(401);
        }
    }
    assert!(!fixture.is_ended(&fixture.ann));
}

/// E13: The refresh token alone ends its session, also after it was replaced, and a token that is dead or unknown is no
/// error.
#[test]
fn a_refresh_token_is_enough_to_log_out() {
    let fixture = Fixture::new();
    let log_out = |token: &str| post(&fixture.app, "/auth/logout", &json!({ "refresh_token": token }));
    let other = log_in(&fixture.app, "ann@example.org");
    assert_eq!(log_out(&fixture.ann.refresh).status, 204);
    assert!(fixture.is_ended(&fixture.ann));
    assert!(!fixture.is_ended(&other));
    let replaced = log_in(&fixture.app, "ann@example.org");
    let body = json!({ "refresh_token": replaced.refresh });
    let next = token_pair(&post(&fixture.app, "/auth/refresh", &body));
    assert_eq!(log_out(&replaced.refresh).status, 204);
    assert!(fixture.is_ended(&next));
    for dead in [&fixture.ann.refresh, &next.refresh, "", "x", &"A".repeat(86)] {
        let response = log_out(dead);
        assert_eq!((response.status, response.body.len()), (204, 0), "{dead}");
    }
    for bad in [json!({ "refresh_token": 7 }), json!({ "token": "x" }), json!([])] {
        post(&fixture.app, "/auth/logout", &bad).problem(400);
    }
    post(&fixture.app, "/auth/logout", &json!({})).problem(401);
    let events = "SELECT detail ->> 'why' AS line FROM audit.events WHERE action = 'session.ended'";
    assert_eq!(fixture.database.lines(events), ["log-out", "log-out"]);
}

/// E13: An access token that has expired still ends its session; a forged one ends none.
#[test]
fn an_expired_access_token_is_enough_to_log_out() {
    let fixture = Fixture::new();
    let log_out = |token: &str| call_as(&fixture.app, token, "POST", "/auth/logout", &Value::Null).status;
    let mut parts = Parts::of(&fixture.ann.access);
    for (name, earlier) in [("exp", 7200), ("iat", 7800), ("nbf", 7800)] {
        let value = parts.claims()[name].as_i64().unwrap() - earlier;
        parts = parts.with_claim(name, json!(value));
    }
    let (payload, _) = fixture.ann.access.rsplit_once('.').unwrap();
    assert_eq!(log_out(&format!("{payload}.{}", "A".repeat(86))), 204);
    assert!(!fixture.is_ended(&fixture.ann), "a forged token ends no session");
    let expired = parts.sign(&signing_key());
    get_as(&fixture.app, &expired, "/auth/me").problem(401);
    assert_eq!(log_out(&expired), 204);
    assert!(fixture.is_ended(&fixture.ann));
}
