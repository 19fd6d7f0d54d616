//! Cancelling and undoing a change of an account's address.

use crate::support::accounts::{self, PASSWORD, call_as, create_account, get_as, post, try_log_in};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::mailed_links::{list_outbox, token};
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};

const NEW: &str = "an entirely different sentence";

fn put(app: &App, token: &str, body: &Value) -> Response {
    call_as(app, token, "PUT", "/auth/me", body)
}

fn pending(app: &App, access: &str) -> Option<String> {
    let me = get_as(app, access, "/auth/me").json();
    me.get("pending_email")
        .map(|email| email.as_str().unwrap().to_owned())
}

fn undo(app: &App, token: &str) -> Response {
    post(app, "/auth/undo-email", &json!({ "token": token }))
}

/// An account whose change of the address to `new@example.org` is pending.
fn with_pending_email() -> (Database, App, String) {
    let database = Database::fresh();
    let app = App::over(&database);
    let access = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let change = json!({ "email": "new@example.org", "current_password": PASSWORD });
    assert_eq!(put(&app, &access, &change).status, 200);
    (database, app, access)
}

/// E9: A pending change of the address is cancelled by its own operation, by the current address, by the link in the mail to the
/// current address, and by a new password. The link that was sent to the new address is void then.
#[test]
fn a_pending_address_can_be_cancelled() {
    type Cancel = fn(&Database, &App, &str) -> Response;
    let ways: [Cancel; 4] = [
        |_, app, access| call_as(app, access, "DELETE", "/auth/me/pending-email", &Value::Null),
        |_, app, access| put(app, access, &json!({ "email": "ann@example.org" })),
        |database, app, _| undo(app, &token(database, "email_changing", "ann@example.org")),
        |_, app, access| {
            put(
                app,
                access,
                &json!({ "new_password": NEW, "current_password": PASSWORD }),
            )
        },
    ];
    for cancel in ways {
        let (database, app, access) = with_pending_email();
        let cancelled = cancel(&database, &app, &access);
        assert!([200, 204].contains(&cancelled.status), "{cancelled:?}");
        assert_eq!(pending(&app, &access), None);
        let theirs = json!({ "token": token(&database, "change_email", "new@example.org") });
        post(&app, "/auth/change-email", &theirs).problem(404);
    }
    let (database, app, access) = with_pending_email();
    for _ in 0..2 {
        let cancel = call_as(&app, &access, "DELETE", "/auth/me/pending-email", &Value::Null);
        assert_eq!((cancel.status, cancel.body.len()), (204, 0));
    }
    let events = "SELECT count(*)::text AS line FROM audit.events WHERE action = 'email.cancelled'";
    assert_eq!(database.lines(events), ["1"]);
}

/// E9: After a confirmed change of the address, the former address can restore itself for three days, once, whatever the
/// intruder did in the meantime. Every session ends.
#[test]
fn a_changed_address_can_be_restored() {
    for link in ["email_changing", "email_moved"] {
        let (database, app, access) = with_pending_email();
        let confirm = |address: &str| {
            let token = token(&database, "change_email", address);
            let body = json!({ "token": token });
            assert_eq!(post(&app, "/auth/change-email", &body).status, 200);
        };
        confirm("new@example.org");
        let owners = token(&database, link, "ann@example.org");
        put(
            &app,
            &access,
            &json!({ "new_password": NEW, "current_password": PASSWORD }),
        );
        let change = json!({ "email": "third@example.org", "current_password": NEW });
        assert_eq!(put(&app, &access, &change).status, 200);
        confirm("third@example.org");
        let intruders = token(&database, "email_moved", "new@example.org");
        assert_eq!(
            undo(&app, &intruders).status,
            200,
            "it restores the intruder's address only"
        );
        let access = accounts::token_pair(&try_log_in(&app, "new@example.org", NEW)).access;
        assert_eq!(undo(&app, &owners).status, 200);
        get_as(&app, &access, "/auth/me").problem(401);
        try_log_in(&app, "new@example.org", NEW).problem(401);
        assert_eq!(try_log_in(&app, "ann@example.org", NEW).status, 200);
        for used in [
            &owners,
            &intruders,
            &token(&database, "email_changing", "new@example.org"),
        ] {
            undo(&app, used).problem(404);
        }
        assert_eq!(
            list_outbox(&database).last().unwrap(),
            "email_restored ann@example.org"
        );
        let events = "SELECT count(*)::text AS line FROM audit.events WHERE action = 'email.restored'";
        assert_eq!(database.lines(events), ["2"]);
    }
}

/// E9: An undo link is refused when it has expired, and when another account has the former address.
#[test]
fn an_address_that_is_taken_is_not_restored() {
    let (database, app, _) = with_pending_email();
    let change = json!({ "token": token(&database, "change_email", "new@example.org") });
    assert_eq!(post(&app, "/auth/change-email", &change).status, 200);
    let link = token(&database, "email_moved", "ann@example.org");
    create_account(&database, "ann@example.org", Role::User);
    let problem = undo(&app, &link).problem(409);
    assert_eq!(problem["type"], "urn:portcullis:problem:address-taken");
    let days = "SELECT (extract(epoch FROM expires_at - created_at) / 86400)::int::text AS line FROM accounts.links WHERE purpose = 'undo_email'";
    assert_eq!(database.lines(days), ["3", "3"]);
    database.execute("UPDATE accounts.links SET expires_at = now()");
    undo(&app, &link).problem(404);
}

/// E9, D4: A registration that was never confirmed holds no address: it keeps no owner from restoring a former address, from
/// confirming a new one, or from being restored.
#[test]
fn an_unconfirmed_registration_holds_no_address() {
    let (database, app, access) = with_pending_email();
    let squat = |address: &str| {
        assert_eq!(accounts::register(&app, "Eve", address, NEW).status, 202);
        token(&database, "confirm", address)
    };
    let confirm_after = |squatted: &str| {
        let confirm = json!({ "token": squatted, "password": NEW });
        post(&app, "/auth/confirm", &confirm).problem(404);
    };
    let squatted = squat("new@example.org");
    let change = json!({ "token": token(&database, "change_email", "new@example.org") });
    assert_eq!(post(&app, "/auth/change-email", &change).status, 200);
    confirm_after(&squatted);
    let squatted = squat("ann@example.org");
    assert_eq!(
        undo(&app, &token(&database, "email_moved", "ann@example.org")).status,
        200
    );
    confirm_after(&squatted);
    get_as(&app, &access, "/auth/me").problem(401);
    let access = accounts::log_in(&app, "ann@example.org").access;

    squat("third@example.org");
    let change = json!({ "email": "third@example.org", "current_password": PASSWORD });
    assert_eq!(put(&app, &access, &change).status, 200);
    let change = json!({ "token": token(&database, "change_email", "third@example.org") });
    assert_eq!(post(&app, "/auth/change-email", &change).status, 200);

    let id = get_as(&app, &access, "/auth/me").json()["id"].clone();
    assert_eq!(
        call_as(&app, &access, "DELETE", "/auth/me", &Value::Null).status,
        204
    );
    squat("third@example.org");
    let admin = accounts::create_and_log_in(&app, &database, "admin@example.org", Role::Admin);
    let restored = call_as(
        &app,
        &admin,
        "POST",
        &format!("/user/restore?id={id}"),
        &Value::Null,
    );
    assert_eq!(restored.status, 200, "{restored:?}");
    assert_eq!(try_log_in(&app, "third@example.org", PASSWORD).status, 200);
    let displaced = "SELECT count(*)::text AS line FROM audit.events
                     WHERE action = 'account.deleted' AND detail ->> 'by' = 'owner of the address'";
    assert_eq!(database.lines(displaced), ["4"]);
}
