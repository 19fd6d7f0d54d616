//! Invitations, seen from whoever is invited.
use crate::support::accounts::{create_account_in, get_as, post, token_pair, try_log_in};
use crate::support::app::App;
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::mailed_links::token;
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::json;

const PASSWORD: &str = "a quiet mountain lake";

/// An account as an administrator makes it, and its link.
fn invited(database: &Database, app: &App, email: &str, role: Role) -> String {
    create_account_in(database, email, role, "invited");
    database.execute("UPDATE accounts.credentials SET password_hash = NULL, password_changed_at = NULL");
    assert_eq!(post(app, "/auth/resend", &json!({ "email": email })).status, 202);
    token(database, "invite", email)
}

fn accept(app: &App, token: &str, name: &str, password: &str) -> Response {
    let body = json!({ "token": token, "name": name, "password": password });
    post(app, "/auth/invitation", &body)
}

/// D9: who is invited cannot sign in, chooses a name and a password, and can; the role is the administrator's choice.
#[test]
fn an_invitation_is_accepted() {
    let database = Database::fresh();
    let app = App::over(&database);
    let link = invited(&database, &app, "ivy@example.org", Role::Approver);
    for password in ["", PASSWORD, crate::support::accounts::PASSWORD] {
        try_log_in(&app, "ivy@example.org", password).problem(401);
    }
    assert_eq!(accept(&app, &link, "Ivy", "the ivy grows").status, 200);
    let access = token_pair(&try_log_in(&app, "ivy@example.org", "the ivy grows")).access;
    let me = get_as(&app, &access, "/auth/me").json();
    assert_eq!(
        (me["name"].as_str(), me["role"].as_str()),
        (Some("Ivy"), Some("approver"))
    );
    accept(&app, &link, "Ivy", PASSWORD).problem(404);
    let actions = database.lines("SELECT action AS line FROM audit.events WHERE action LIKE 'invitation%'");
    assert_eq!(actions, ["invitation.accepted"]);
}

/// D9, E2: what is wrong with it is told, and the link stays good; void, ended and foreign links are refused alike.
#[test]
fn what_is_no_invitation_is_refused() {
    let database = Database::fresh();
    let app = App::over(&database);
    let void = invited(&database, &app, "ivan@example.org", Role::User);
    post(&app, "/auth/resend", &json!({ "email": "ivan@example.org" }));
    let link = token(&database, "invite", "ivan@example.org");
    accept(&app, &void, "Ivan", PASSWORD).problem(404);
    accept(&app, "forged", "Ivan", PASSWORD).problem(404);
    post(&app, "/auth/confirm", &json!({ "token": link })).problem(404);
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
    let ended = invited(&database, &app, "igor@example.org", Role::User);
    database.execute("UPDATE accounts.links SET expires_at = now() WHERE closed_at IS NULL");
    accept(&app, &ended, "Igor", PASSWORD).problem(404);
    try_log_in(&app, "igor@example.org", PASSWORD).problem(401);
}

/// D9: the account was deleted before its invitation was accepted.
#[test]
fn a_deleted_account_accepts_nothing() {
    let database = Database::fresh();
    let app = App::over(&database);
    let link = invited(&database, &app, "ivy@example.org", Role::User);
    database.execute("UPDATE accounts.accounts SET deleted_at = now()");
    accept(&app, &link, "Ivy", PASSWORD).problem(404);
}
