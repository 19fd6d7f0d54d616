//! Accepting an invitation.

use crate::support::accounts::{create_account_in, get_as, post, token_pair, try_log_in};
use crate::support::app::App;
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::mailed_links::token;
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::json;

const PASSWORD: &str = "a quiet mountain lake";

/// Creates an invited account, as an administrator does; returns the token of its link.
fn invite(database: &Database, app: &App, email: &str, role: Role) -> String {
    create_account_in(database, email, role, "invited");
    database.execute("UPDATE accounts.credentials SET password_hash = NULL, password_changed_at = NULL");
    assert_eq!(post(app, "/auth/resend", &json!({ "email": email })).status, 202);
    token(database, "invite", email)
}

fn accept(app: &App, token: &str, name: &str, password: &str) -> Response {
    let body = json!({ "token": token, "name": name, "password": password });
    post(app, "/auth/invitation", &body)
}

/// D9: An invited account cannot log in until its owner sets a name and a password. Its role is that of the invitation.
#[test]
fn accepting_an_invitation_activates_the_account() {
    let database = Database::fresh();
    let app = App::over(&database);
    let link = invite(&database, &app, "ivy@example.org", Role::Approver);
    for password in ["", PASSWORD, crate::support::accounts::PASSWORD] {
        try_log_in(&app, "ivy@example.org", password).problem(401);
    }
    assert_eq!(accept(&app, &link, "Ivy", "the ivy grows up high").status, 200);
    let access = token_pair(&try_log_in(&app, "ivy@example.org", "the ivy grows up high")).access;
    let me = get_as(&app, &access, "/auth/me").json();
    assert_eq!(
        (me["name"].as_str(), me["role"].as_str()),
        (Some("Ivy"), Some("approver"))
    );
    accept(&app, &link, "Ivy", PASSWORD).problem(404);
    let actions = database.lines("SELECT action AS line FROM audit.events WHERE action LIKE 'invitation%'");
    assert_eq!(actions, ["invitation.accepted"]);
}

/// D9, E2: Invalid fields are named and do not use the link. Revoked, expired and forged links are rejected alike, and of
/// concurrent uses one succeeds.
#[test]
fn an_invalid_invitation_is_rejected() {
    let database = Database::fresh();
    let app = App::over(&database);
    let revoked = invite(&database, &app, "ivan@example.org", Role::User);
    post(&app, "/auth/resend", &json!({ "email": "ivan@example.org" }));
    let link = token(&database, "invite", "ivan@example.org");
    accept(&app, &revoked, "Ivan", PASSWORD).problem(404);
    accept(&app, "forged", "Ivan", PASSWORD).problem(404);
    post(
        &app,
        "/auth/confirm",
        &json!({ "token": link, "password": PASSWORD }),
    )
    .problem(404);
    post(
        &app,
        "/auth/reset",
        &json!({ "token": link, "password": PASSWORD }),
    )
    .problem(404);
    assert_eq!(
        accept(&app, &link, "Ivan", "12345678").fields(400),
        ["body:password"]
    );
    assert_eq!(
        accept(&app, &link, "Terrible", "terrible mountain").fields(400),
        ["body:password"]
    );
    assert_eq!(
        accept(&app, &link, "\u{202e}navI", PASSWORD).fields(400),
        ["body:name"]
    );
    let mut statuses = concurrently(6, |_| accept(&app, &link, "Ivan", PASSWORD).status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404, 404, 404, 404, 404]);
    let expired = invite(&database, &app, "igor@example.org", Role::User);
    database.execute("UPDATE accounts.links SET expires_at = now() WHERE closed_at IS NULL");
    accept(&app, &expired, "Igor", PASSWORD).problem(404);
    try_log_in(&app, "igor@example.org", PASSWORD).problem(401);
}

/// D9: The invitation of a deleted account is rejected.
#[test]
fn an_invitation_of_a_deleted_account_is_rejected() {
    let database = Database::fresh();
    let app = App::over(&database);
    let link = invite(&database, &app, "ivy@example.org", Role::User);
    database.execute("UPDATE accounts.accounts SET deleted_at = now()");
    accept(&app, &link, "Ivy", PASSWORD).problem(404);
}
