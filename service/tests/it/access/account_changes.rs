//! Changes of an account that end its access to the database.

use super::broker::{self, Setup};
use super::parties::Parties;
use crate::support::accounts::{PASSWORD, call_as, log_in, post, with_json};
use crate::support::app::send;
use crate::support::authenticator::enable_totp;
use crate::support::database::Database;
use crate::support::mailed_links::{list_outbox, token};
use crate::support::program::{run, stderr};
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use std::time::Instant;

const ANN: &str = "ann@example.org";
const NEW: &str = "an entirely different sentence";

/// A change of Ann's account.
type Change = fn(&Parties<'_>);

fn admin_call(parties: &Parties<'_>, method: &str, path: &str, body: &Value) {
    let path = format!("{path}?id={}", parties.ann.id);
    let request = parties.app.request(method, &path).header("if-match", "*");
    let request = request.bearer_auth(&parties.admin.token);
    let response = send(match body {
        Value::Null => request,
        body => with_json(request, &body.to_string()),
    });
    assert!(response.status < 300, "{path}: {response:?}");
}

fn change_role(parties: &Parties<'_>) {
    admin_call(parties, "PUT", "/user", &json!({"email": ANN, "role": "ingest"}));
}

fn end_sessions(parties: &Parties<'_>) {
    admin_call(parties, "DELETE", "/user/sessions", &Value::Null);
}

fn end_sessions_as_operator(parties: &Parties<'_>) {
    let output = run(&["accounts", "end-sessions", ANN], &parties.database.pairs());
    assert!(output.status.success(), "{}", stderr(&output));
}

fn remove_second_factor(parties: &Parties<'_>) {
    enable_totp(&parties.app, &parties.ann.token);
    admin_call(parties, "DELETE", "/user/second-factor", &Value::Null);
}

fn own_call(parties: &Parties<'_>, method: &str, path: &str, body: &Value) {
    let response = call_as(&parties.app, &parties.ann.token, method, path, body);
    assert!(response.status < 300, "{path}: {response:?}");
}

fn log_out_everywhere(parties: &Parties<'_>) {
    own_call(parties, "POST", "/auth/logout-all", &Value::Null);
}

fn change_password(parties: &Parties<'_>) {
    let body = json!({"new_password": NEW, "current_password": PASSWORD});
    own_call(parties, "PUT", "/auth/me", &body);
}

fn use_link(parties: &Parties<'_>, path: &str, kind: &str, password: Option<&str>) {
    let mut body = json!({ "token": token(parties.database, kind, ANN) });
    if let Some(password) = password {
        body["password"] = json!(password);
    }
    let response = post(&parties.app, path, &body);
    assert_eq!(response.status, 200, "{response:?}");
}

fn reset_password(parties: &Parties<'_>) {
    post(&parties.app, "/auth/forgot", &json!({ "email": ANN }));
    use_link(parties, "/auth/reset", "reset", Some(NEW));
}

fn restore_address(parties: &Parties<'_>) {
    let body = json!({"email": "new@example.org", "current_password": PASSWORD});
    own_call(parties, "PUT", "/auth/me", &body);
    let body = json!({ "token": token(parties.database, "change_email", "new@example.org") });
    assert_eq!(post(&parties.app, "/auth/change-email", &body).status, 200);
    use_link(parties, "/auth/undo-email", "email_moved", None);
}

fn delete_own(parties: &Parties<'_>) {
    own_call(parties, "DELETE", "/auth/me", &Value::Null);
}

fn delete_as_admin(parties: &Parties<'_>) {
    admin_call(parties, "DELETE", "/user", &Value::Null);
}

/// N5, E19: Access ends with what its approval was based on, in the transaction of the change, with the reason: a new role or
/// password, the end of all sessions, a restored address, the end of the account. Undecided requests remain.
#[test]
fn a_change_of_the_account_ends_its_access() {
    let changes: [(Change, &str, bool); 10] = [
        (change_role, "role-changed", true),
        (end_sessions, "sessions-ended", true),
        (end_sessions_as_operator, "sessions-ended", false),
        (remove_second_factor, "sessions-ended", true),
        (log_out_everywhere, "sessions-ended", true),
        (change_password, "password-changed", true),
        (reset_password, "password-changed", false),
        (restore_address, "sessions-ended", false),
        (delete_own, "account-deleted", true),
        (delete_as_admin, "account-deleted", true),
    ];
    let database = Database::fresh();
    for (change, reason, has_actor) in changes {
        let parties = Parties::over(&database);
        let approved = parties.request(&parties.ann, "rates-read", 8);
        let undecided = parties.request(&parties.ann, "rates-read", 8);
        let of_another = parties.request(&parties.other_approver, "rates-read", 8);
        parties.approve(approved);
        parties.approve(of_another);
        change(&parties);
        let state = |id: i64| {
            let state = format!(
                "SELECT concat_ws(' ', state, end_reason, ended_by IS NOT NULL) AS line FROM access.requests WHERE id = {id}"
            );
            database.lines(&state).remove(0)
        };
        assert_eq!(
            state(approved),
            format!("ended {reason} {has_actor}")
                .replace("true", "t")
                .replace("false", "f")
        );
        assert_eq!(state(undecided), "requested f");
        assert_eq!(state(of_another), "approved f");
        let events = parties.events(approved);
        let event = events.last().unwrap();
        assert!(event.starts_with("access.revoked "), "{events:?}");
        assert!(event.contains(&format!(r#""why": "{reason}""#)), "{event}");
        assert_eq!(!event.starts_with("access.revoked -"), has_actor, "{event}");
        let mails = list_outbox(&database);
        let is_notified = mails.contains(&format!("access_ended {ANN}"));
        assert_eq!(is_notified, reason != "account-deleted", "{mails:?}");
        database.execute(
            "DELETE FROM mail.outbox;
             UPDATE accounts.accounts SET email = id || '@former.example.org', email_key = id || '@former.example.org'",
        );
    }
}

/// N5: Other changes of an account do not end its access.
#[test]
fn other_changes_of_the_account_leave_its_access() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    let id = parties.request(&parties.ann, "rates-read", 8);
    parties.approve(id);
    own_call(&parties, "PUT", "/auth/me", &json!({"name": "Ann B"}));
    admin_call(
        &parties,
        "PUT",
        "/user",
        &json!({"email": ANN, "name": "Ann C", "role": "user"}),
    );
    enable_totp(&parties.app, &parties.ann.token);
    own_call(&parties, "POST", "/auth/logout", &Value::Null);
    let state = "SELECT state AS line FROM access.requests";
    assert_eq!(database.lines(state), ["approved"]);
}

/// N5: The sessions of the person end within five seconds after the change.
#[test]
fn a_change_of_the_account_ends_its_database_sessions() {
    broker::with_logins(|Setup { mut parties, .. }| {
        let changes: [Change; 3] = [end_sessions, end_sessions_as_operator, change_role];
        for change in changes {
            parties.ann.token = log_in(&parties.app, ANN).access;
            let (_, login) = parties.collect_new();
            let mut session = login.connect(parties.database).unwrap();
            let start = Instant::now();
            change(&parties);
            parties.wait_for_end_of_sessions(&login, start);
            assert!(session.batch_execute("SELECT 1").is_err());
        }
    });
}
