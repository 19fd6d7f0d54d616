//! Resetting a forgotten password.

use crate::support::accounts::{self, PASSWORD, create_account_in, get_as, log_in, post, try_log_in};
use crate::support::app::App;
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::mailed_links::{list_outbox, token, tokens};
use portcullis::types::role::Role;
use serde_json::{Value, json};

const NEW: &str = "an entirely different sentence";

fn forgot(app: &App, email: &str) -> (u16, String) {
    let response = post(app, "/auth/forgot", &json!({ "email": email }));
    (response.status, response.text().to_owned())
}

fn reset_body(token: &str, password: &str) -> Value {
    json!({ "token": token, "password": password })
}

/// E14: A reset link sets a new password once, ends every session of the account, and is announced by mail.
#[test]
fn a_reset_sets_a_new_password_and_ends_sessions() {
    let database = Database::fresh();
    let app = App::over(&database);
    let access = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let bobs = accounts::create_and_log_in(&app, &database, "bob@example.org", Role::User);
    let refresh = log_in(&app, "ann@example.org").refresh;
    assert_eq!(forgot(&app, "Ann@example.org").0, 202);
    let link = token(&database, "reset", "ann@example.org");
    let ttl = "SELECT round(extract(epoch FROM expires_at - created_at))::text AS line FROM accounts.links";
    assert_eq!(database.lines(ttl), ["1800"]);
    // A weak password does not use the link.
    assert_eq!(
        post(&app, "/auth/reset", &reset_body(&link, "password")).fields(400),
        ["body:password"]
    );
    assert_eq!(get_as(&app, &access, "/auth/me").status, 200);
    assert_eq!(post(&app, "/auth/reset", &reset_body(&link, NEW)).status, 200);
    get_as(&app, &access, "/auth/me").problem(401);
    post(&app, "/auth/refresh", &json!({ "refresh_token": refresh })).problem(401);
    assert_eq!(get_as(&app, &bobs, "/auth/me").status, 200);
    try_log_in(&app, "ann@example.org", PASSWORD).problem(401);
    assert_eq!(try_log_in(&app, "ann@example.org", NEW).status, 200);
    assert_eq!(
        list_outbox(&database),
        ["reset ann@example.org", "password_changed ann@example.org"]
    );
    post(&app, "/auth/reset", &reset_body(&link, PASSWORD)).problem(404);
    let actions =
        database.lines("SELECT action AS line FROM audit.events WHERE action LIKE 'password%' ORDER BY id");
    assert_eq!(actions, ["password.forgotten", "password.reset"]);
}

/// E7, E14: A reset clears the throttle that wrong guesses have caused.
#[test]
fn a_reset_clears_the_throttle() {
    let database = Database::fresh();
    let app = App::over(&database);
    accounts::create_account(&database, "ann@example.org", Role::User);
    let guess = || try_log_in(&app, "ann@example.org", "not that").status;
    let guesses: Vec<u16> = (0..9).map(|_| guess()).collect();
    assert_eq!((guesses[0], guesses[8]), (401, 429), "{guesses:?}");
    forgot(&app, "ann@example.org");
    let link = token(&database, "reset", "ann@example.org");
    assert_eq!(post(&app, "/auth/reset", &reset_body(&link, NEW)).status, 200);
    assert_eq!(try_log_in(&app, "ann@example.org", NEW).status, 200);
}

/// E14: A reset request gets the same response for active, invited, unconfirmed, deleted and unknown addresses.
#[test]
fn a_reset_request_does_not_reveal_accounts() {
    let database = Database::fresh();
    let app = App::over(&database);
    for state in ["active", "invited", "unconfirmed"] {
        create_account_in(&database, &format!("{state}@example.org"), Role::User, state);
    }
    create_account_in(&database, "deleted@example.org", Role::User, "active");
    database.execute("UPDATE accounts.accounts SET deleted_at = now() WHERE email_key LIKE 'deleted%'");
    let responses = ["active", "invited", "unconfirmed", "deleted", "unknown"]
        .map(|state| forgot(&app, &format!("{state}@example.org")));
    assert_eq!(responses[0].0, 202);
    assert!(
        responses.iter().all(|response| *response == responses[0]),
        "{responses:?}"
    );
    assert_eq!(
        list_outbox(&database),
        [
            "reset active@example.org",
            "invite invited@example.org",
            "reset unconfirmed@example.org"
        ]
    );
}

/// E14: A newer link revokes the older one, an expired or forged link is rejected, and of concurrent uses one succeeds.
#[test]
fn a_reset_link_works_once() {
    let database = Database::fresh();
    let app = App::over(&database);
    accounts::create_account(&database, "ann@example.org", Role::User);
    forgot(&app, "ann@example.org");
    forgot(&app, "ann@example.org");
    let links = tokens(&database, "reset", "ann@example.org");
    post(&app, "/auth/reset", &reset_body(&links[0], NEW)).problem(404);
    let mut statuses = concurrently(6, |n| {
        let password = format!("{NEW} {n}");
        post(&app, "/auth/reset", &reset_body(&links[1], &password)).status
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404, 404, 404, 404, 404]);
    forgot(&app, "ann@example.org");
    let expired = token(&database, "reset", "ann@example.org");
    database.execute("UPDATE accounts.links SET expires_at = now() WHERE closed_at IS NULL");
    post(&app, "/auth/reset", &reset_body(&expired, NEW)).problem(404);
    post(&app, "/auth/reset", &reset_body("forged", NEW)).problem(404);
}

/// E14: A reset revokes a pending change of address, which an intruder may have requested.
#[test]
fn a_reset_revokes_a_pending_address_change() {
    let database = Database::fresh();
    let app = App::over(&database);
    let intruder = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let change = json!({ "email": "mallory@example.org", "current_password": PASSWORD });
    assert_eq!(
        accounts::call_as(&app, &intruder, "PUT", "/auth/me", &change).status,
        200
    );
    let theirs = token(&database, "change_email", "mallory@example.org");
    forgot(&app, "ann@example.org");
    let own = token(&database, "reset", "ann@example.org");
    assert_eq!(post(&app, "/auth/reset", &reset_body(&own, NEW)).status, 200);
    post(&app, "/auth/change-email", &json!({ "token": theirs })).problem(404);
}

/// E14, E2: A reset confirms the address of an unconfirmed account and replaces its password.
#[test]
fn a_reset_confirms_the_address() {
    let database = Database::fresh();
    let app = App::over(&database);
    let body =
        json!({ "name": "Ann", "email": "ann@example.org", "password": "the password of another client" });
    post(&app, "/auth/register", &body);
    forgot(&app, "ann@example.org");
    let link = token(&database, "reset", "ann@example.org");
    assert_eq!(post(&app, "/auth/reset", &reset_body(&link, NEW)).status, 200);
    assert_eq!(try_log_in(&app, "ann@example.org", NEW).status, 200);
    let confirm = json!({ "token": token(&database, "confirm", "ann@example.org"), "password": PASSWORD });
    post(&app, "/auth/confirm", &confirm).problem(404);
}
