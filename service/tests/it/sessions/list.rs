//! One's own sessions: seen, ended one by one, ended all.
use crate::support::accounts::{TokenPair, call_as, create_account, get_as, log_in, post};
use crate::support::app::App;
use crate::support::database::Database;
use portcullis::types::role::Role;
use serde_json::{Value, json};

struct Setting {
    database: Database,
    app: App,
    /// Another replica.
    other: App,
    ann: TokenPair,
}

impl Setting {
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

    /// Both tokens, on the replica that has not ended the session.
    fn is_out(&self, who: &TokenPair) -> bool {
        let access = get_as(&self.other, &who.access, "/auth/sessions").status;
        let body = json!({ "refresh_token": who.refresh });
        let refresh = post(&self.other, "/auth/refresh", &body).status;
        assert_eq!(access, refresh);
        access == 401
    }
}

/// E13
#[test]
fn after_signing_out_both_tokens_are_refused_at_once_everywhere() {
    let setting = Setting::new();
    let second = log_in(&setting.app, "ann@example.org");
    let out = call_as(
        &setting.app,
        &setting.ann.access,
        "POST",
        "/auth/logout",
        &Value::Null,
    );
    assert_eq!((out.status, out.body.len()), (204, 0));
    assert!(setting.is_out(&setting.ann));
    assert!(!setting.is_out(&second));
    let again = call_as(
        &setting.app,
        &setting.ann.access,
        "POST",
        "/auth/logout",
        &Value::Null,
    );
    again.problem(401);
    let events = "SELECT detail ->> 'why' AS line FROM audit.events WHERE action = 'session.ended'";
    assert_eq!(setting.database.lines(events), ["log-out"]);
}

/// E13
#[test]
fn signing_out_everywhere_ends_every_session_of_this_account_and_no_other() {
    let setting = Setting::new();
    let others = [(); 2].map(|()| log_in(&setting.app, "ann@example.org"));
    let bob = log_in(&setting.app, "bob@example.org");
    let out = call_as(
        &setting.app,
        &others[0].access,
        "POST",
        "/auth/logout-all",
        &Value::Null,
    );
    assert_eq!(out.status, 204);
    assert!(setting.is_out(&setting.ann) && setting.is_out(&others[0]) && setting.is_out(&others[1]));
    assert!(!setting.is_out(&bob));
    let ann = log_in(&setting.app, "ann@example.org");
    assert!(!setting.is_out(&ann), "signing in again is no question");
}

/// E13
#[test]
fn the_list_shows_ones_own_sessions_and_says_which_one_asks() {
    let setting = Setting::new();
    let request = setting
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
    log_in(&setting.app, "bob@example.org");
    let list = setting.list(&phone.access);
    assert_eq!(list.len(), 2);
    let current: Vec<_> = list.iter().filter(|one| one["current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["user_agent"], "a phone");
    for one in &list {
        assert_eq!(
            (&one["kind"], &one["address"]),
            (&json!("api"), &json!("127.0.0.1"))
        );
        for time in ["created_at", "last_used_at", "expires_at"] {
            assert!(one[time].as_str().unwrap().starts_with("20"), "{one}");
        }
        assert_eq!(
            one.as_object().unwrap().len(),
            8,
            "nothing secret beside these: {one}"
        );
    }
}

/// E13: one by one; what is not one's own does not exist.
#[test]
fn a_session_is_ended_by_its_owner_only() {
    let setting = Setting::new();
    let lost = log_in(&setting.app, "ann@example.org");
    let bob = log_in(&setting.app, "bob@example.org");
    let id = |token: &str| {
        let list = setting.list(token);
        let current = list.iter().find(|one| one["current"] == true).unwrap();
        current["id"].as_str().unwrap().to_owned()
    };
    let end = |token: &str, id: &str| {
        call_as(
            &setting.app,
            token,
            "DELETE",
            &format!("/auth/sessions/{id}"),
            &Value::Null,
        )
    };
    let (lost_id, bobs_id) = (id(&lost.access), id(&bob.access));
    end(&bob.access, &lost_id).problem(404);
    end(&setting.ann.access, &bobs_id).problem(404);
    assert!(!setting.is_out(&bob));
    assert_eq!(end(&setting.ann.access, &lost_id).status, 204);
    assert!(setting.is_out(&lost));
    end(&setting.ann.access, &lost_id).problem(404);
    for bad in [
        "0",
        "x",
        "%00",
        &lost_id.to_uppercase(),
        "00000000-0000-0000-0000-000000000000",
    ] {
        end(&setting.ann.access, bad).problem(404);
    }
    let own = id(&setting.ann.access);
    assert_eq!(end(&setting.ann.access, &own).status, 204);
    assert!(setting.is_out(&setting.ann));
}

/// E13: whatever anonymous callers try.
#[test]
fn without_a_token_nothing_is_shown_or_ended() {
    let setting = Setting::new();
    for (method, path) in [
        ("GET", "/auth/sessions"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/logout-all"),
        ("DELETE", "/auth/sessions/67e55044-10b1-426f-9247-bb680e5fe0c8"),
    ] {
        let bare = crate::support::app::send(setting.app.request(method, path));
        bare.problem(401);
        assert_eq!(bare.header("www-authenticate"), "Bearer");
        let bad = call_as(&setting.app, "x.y.z", method, path, &Value::Null);
        bad.problem(401);
    }
    assert!(!setting.is_out(&setting.ann));
}
