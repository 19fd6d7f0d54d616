//! Forgotten passwords.
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

fn with(token: &str, password: &str) -> Value {
    json!({ "token": token, "password": password })
}

/// E14: the link sets a new password once; every session ends; a mail tells.
#[test]
fn a_forgotten_password_is_set_anew() {
    let database = Database::fresh();
    let app = App::over(&database);
    let access = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let bobs = accounts::create_and_log_in(&app, &database, "bob@example.org", Role::User);
    let refresh = log_in(&app, "ann@example.org").refresh;
    assert_eq!(forgot(&app, "Ann@example.org").0, 202);
    let link = token(&database, "reset", "ann@example.org");
    let life = "SELECT round(extract(epoch FROM expires_at - created_at))::text AS line FROM accounts.links";
    assert_eq!(database.lines(life), ["1800"]);
    // A weak one does not use the link up.
    assert_eq!(
        post(&app, "/auth/reset", &with(&link, "password")).fields(400),
        ["body:password"]
    );
    assert_eq!(get_as(&app, &access, "/auth/me").status, 200);
    assert_eq!(post(&app, "/auth/reset", &with(&link, NEW)).status, 200);
    get_as(&app, &access, "/auth/me").problem(401);
    post(&app, "/auth/refresh", &json!({ "refresh_token": refresh })).problem(401);
    assert_eq!(get_as(&app, &bobs, "/auth/me").status, 200);
    try_log_in(&app, "ann@example.org", PASSWORD).problem(401);
    assert_eq!(try_log_in(&app, "ann@example.org", NEW).status, 200);
    assert_eq!(
        list_outbox(&database),
        ["reset ann@example.org", "password_changed ann@example.org"]
    );
    post(&app, "/auth/reset", &with(&link, PASSWORD)).problem(404);
    let actions =
        database.lines("SELECT action AS line FROM audit.events WHERE action LIKE 'password%' ORDER BY id");
    assert_eq!(actions, ["password.forgotten", "password.reset"]);
}

/// E7, E14: strangers' guesses hold the owner up no longer than the mail takes.
#[test]
fn a_reset_forgets_the_guesses_of_others() {
    let database = Database::fresh();
    let app = App::over(&database);
    accounts::create_account(&database, "ann@example.org", Role::User);
    let guess = || try_log_in(&app, "ann@example.org", "not that").status;
    let guesses: Vec<u16> = (0..9).map(|_| guess()).collect();
    assert_eq!((guesses[0], guesses[8]), (401, 429), "{guesses:?}");
    forgot(&app, "ann@example.org");
    let link = token(&database, "reset", "ann@example.org");
    assert_eq!(post(&app, "/auth/reset", &with(&link, NEW)).status, 200);
    assert_eq!(try_log_in(&app, "ann@example.org", NEW).status, 200);
}

/// E14: known, unknown, invited, unconfirmed, deleted: the same response.
#[test]
fn whoever_asks_learns_nothing() {
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

/// E14: a later link voids the earlier; one that has ended opens nothing; at the same time, one of many wins.
#[test]
fn a_link_is_good_for_one_password() {
    let database = Database::fresh();
    let app = App::over(&database);
    accounts::create_account(&database, "ann@example.org", Role::User);
    forgot(&app, "ann@example.org");
    forgot(&app, "ann@example.org");
    let links = tokens(&database, "reset", "ann@example.org");
    post(&app, "/auth/reset", &with(&links[0], NEW)).problem(404);
    let mut statuses = concurrently(6, |n| {
        let password = format!("{NEW} {n}");
        post(&app, "/auth/reset", &with(&links[1], &password)).status
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404, 404, 404, 404, 404]);
    forgot(&app, "ann@example.org");
    let ended = token(&database, "reset", "ann@example.org");
    database.execute("UPDATE accounts.links SET expires_at = now() WHERE closed_at IS NULL");
    post(&app, "/auth/reset", &with(&ended, NEW)).problem(404);
    post(&app, "/auth/reset", &with("forged", NEW)).problem(404);
}

/// E14: who had got in and asked for another address does not come back by it.
#[test]
fn a_reset_voids_what_an_intruder_asked_for() {
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
    assert_eq!(post(&app, "/auth/reset", &with(&own, NEW)).status, 200);
    post(&app, "/auth/change-email", &json!({ "token": theirs })).problem(404);
}

/// E14, E2: reading the mail proves the address: an unconfirmed account is confirmed by a reset, and has the password of
/// whoever reads its mail.
#[test]
fn a_reset_proves_the_address_too() {
    let database = Database::fresh();
    let app = App::over(&database);
    let body = json!({ "name": "Ann", "email": "ann@example.org", "password": "the password of a stranger" });
    post(&app, "/auth/register", &body);
    forgot(&app, "ann@example.org");
    let link = token(&database, "reset", "ann@example.org");
    assert_eq!(post(&app, "/auth/reset", &with(&link, NEW)).status, 200);
    assert_eq!(try_log_in(&app, "ann@example.org", NEW).status, 200);
    let confirm = json!({ "token": token(&database, "confirm", "ann@example.org") });
    post(&app, "/auth/confirm", &confirm).problem(404);
}
