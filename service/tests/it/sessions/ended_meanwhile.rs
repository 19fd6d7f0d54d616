//! Requests that wait for the transaction that ends their session.

use crate::support::accounts::{call_as, create_account, log_in};
use crate::support::admin_client::AdminClient;
use crate::support::app::send;
use crate::support::authenticator::code;
use crate::support::database::Database;
use crate::support::response::Response;
use crate::support::totp_user::{ANN, TotpUser};
use diesel::connection::SimpleConnection;
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const ACCOUNTS: &str = "SELECT id FROM accounts.accounts FOR UPDATE";

const ADMINS: &str = "SELECT single FROM accounts.admins_lock FOR UPDATE";

/// Sends a request that has to wait for this lock, and ends every session before the lock is released, as a password reset and
/// the removal of a role do.
fn ended_meanwhile(database: &Database, lock: &str, request: impl FnOnce() -> Response + Send) -> Response {
    let mut holder = database.admin();
    holder.batch_execute(&format!("BEGIN; {lock}")).unwrap();
    std::thread::scope(|scope| {
        let request = scope.spawn(request);
        let waiting = "SELECT count(*)::text AS line FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let start = Instant::now();
        while database.lines(waiting)[0] == "0" {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "the request does not wait"
            );
        }
        holder
            .batch_execute("UPDATE sessions.sessions SET ended_at = now(), end_reason = 'meanwhile'; COMMIT")
            .unwrap();
        request.join().unwrap()
    })
}

/// E18, E13, E14: An intruder cannot enable a second factor with a request that the owner's password reset overtakes: it
/// would lock the owner out.
#[test]
fn a_second_factor_is_not_enabled_after_its_session_ended() {
    let user = TotpUser::new();
    let secret = user.start();
    let confirm = || user.post("confirm", &json!({ "code": code(&secret, 0) }));
    ended_meanwhile(&user.database, ACCOUNTS, confirm).problem(409);
    assert_eq!(user.events(), [""; 0]);
    let confirmed = "SELECT count(totp_confirmed_at)::text AS line FROM accounts.credentials";
    assert_eq!(user.database.lines(confirmed), ["0"]);
}

/// E9, E10, E13: A request that waits while its session ends neither changes nor deletes the account.
#[test]
fn an_account_is_not_changed_after_its_session_ended() {
    for (lock, method, body) in [
        (ACCOUNTS, "PUT", json!({ "name": "Eve" })),
        (ADMINS, "DELETE", Value::Null),
    ] {
        let user = TotpUser::new();
        let request = || call_as(&user.app, &user.token, method, "/auth/me", &body);
        let refused = ended_meanwhile(&user.database, lock, request);
        assert_eq!(
            refused.problem(401)["type"],
            "urn:portcullis:problem:invalid-token"
        );
        let row = "SELECT concat_ws(' ', name, deleted_at) AS line FROM accounts.accounts";
        assert_eq!(user.database.lines(row), ["ann"]);
    }
}

/// E19, D10, E13: An administrator whose role is removed completes no operation that was waiting meanwhile.
#[test]
fn a_former_administrator_completes_no_waiting_operation() {
    let admin = AdminClient::fresh();
    let id = create_account(&admin.database, ANN, Role::User);
    let path = |name: &str| format!("{name}?id={id}");
    let promote = json!({ "email": ANN, "role": "admin" });
    for (lock, method, path, body) in [
        (ADMINS, "DELETE", path("/user"), Value::Null),
        (ADMINS, "PUT", path("/user"), promote),
        (
            ACCOUNTS,
            "PUT",
            path("/user"),
            json!({ "email": ANN, "name": "Eve" }),
        ),
        (ACCOUNTS, "DELETE", path("/user/sessions"), Value::Null),
        (ACCOUNTS, "DELETE", path("/user/second-factor"), Value::Null),
    ] {
        let token = log_in(&admin.app, "admin@example.org").access;
        let request = || {
            let request = admin.app.request(method, &path).bearer_auth(&token);
            let request = request.header("if-match", "*");
            send(match &body {
                Value::Null => request,
                body => request
                    .header("content-type", "application/json")
                    .body(body.to_string()),
            })
        };
        let refused = ended_meanwhile(&admin.database, lock, request);
        assert_eq!(
            refused.problem(401)["type"],
            "urn:portcullis:problem:invalid-token",
            "{method} {path}"
        );
    }
    let row = "SELECT concat_ws(' ', name, role, deleted_at) AS line FROM accounts.accounts WHERE email = 'ann@example.org'";
    assert_eq!(admin.database.lines(row), ["ann user"]);
    assert_eq!(admin.events(id), [""; 0]);
}
