//! `DELETE /auth/me`: deleting the account of the caller.

use crate::support::accounts::{self, PASSWORD, create_account, get_as, log_in, post, try_log_in};
use crate::support::app::App;
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::mailed_links::token;
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};

const NEW: &str = "an entirely different sentence";

fn delete(app: &App, token: &str) -> Response {
    accounts::call_as(app, token, "DELETE", "/auth/me", &Value::Null)
}

/// E10: After an account is deleted, its tokens, links and password are rejected like those of an unknown account, and its
/// address is free again.
#[test]
fn a_deleted_account_is_like_an_unknown_one() {
    let database = Database::fresh();
    let app = App::over(&database);
    let access = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let other = log_in(&app, "ann@example.org");
    post(&app, "/auth/forgot", &json!({ "email": "ann@example.org" }));
    let reset = token(&database, "reset", "ann@example.org");
    assert_eq!(delete(&app, &access).status, 204);
    get_as(&app, &access, "/auth/me").problem(401);
    get_as(&app, &other.access, "/auth/me").problem(401);
    post(&app, "/auth/refresh", &json!({ "refresh_token": other.refresh })).problem(401);
    delete(&app, &access).problem(401);
    let refused = try_log_in(&app, "ann@example.org", PASSWORD).problem(401);
    assert_eq!(
        refused["type"],
        try_log_in(&app, "no@example.org", PASSWORD).problem(401)["type"]
    );
    post(&app, "/auth/reset", &json!({ "token": reset, "password": NEW })).problem(404);
    let events = database.lines("SELECT concat_ws(' ', action, subject, actor_id) AS line FROM audit.events");
    assert!(
        events.contains(&"account.deleted account:1 1".to_owned()),
        "{events:?}"
    );
    // The address is free again.
    let again = json!({ "name": "Ann", "email": "ann@example.org", "password": NEW });
    assert_eq!(post(&app, "/auth/register", &again).status, 202);
    let link = json!({ "token": token(&database, "confirm", "ann@example.org"), "password": NEW });
    assert_eq!(post(&app, "/auth/confirm", &link).status, 200);
    assert_eq!(try_log_in(&app, "ann@example.org", NEW).status, 200);
}

/// E10: The last administrator cannot be deleted, even when all administrators delete their accounts concurrently.
#[test]
fn the_last_administrator_cannot_be_deleted() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "user@example.org", Role::User);
    accounts::create_account_in(&database, "invited@example.org", Role::Admin, "invited");
    let tokens: Vec<String> = (0..6)
        .map(|n| accounts::create_and_log_in(&app, &database, &format!("admin{n}@example.org"), Role::Admin))
        .collect();
    let responses = concurrently(tokens.len(), |n| delete(&app, &tokens[n]));
    let remaining: Vec<usize> = (0..6).filter(|n| responses[*n].status != 204).collect();
    assert_eq!(remaining.len(), 1, "{responses:?}");
    let problem = responses[remaining[0]].problem(409);
    assert_eq!(problem["type"], "urn:portcullis:problem:last-administrator");
    assert_eq!(get_as(&app, &tokens[remaining[0]], "/auth/me").status, 200);
}
