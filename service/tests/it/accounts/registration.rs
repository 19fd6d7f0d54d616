//! Registering and confirming an account.

use crate::support::accounts::{self, create_account_in, post, try_log_in};
use crate::support::app::{App, send};
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::mailbox::Mailbox;
use crate::support::mailed_links::{list_outbox, token, tokens};
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::json;

const PASSWORD: &str = "a quiet mountain lake";

fn register(app: &App, email: &str, password: &str) -> Response {
    accounts::register(app, "Ann Example", email, password)
}

fn confirm(app: &App, token: &str) -> Response {
    let body = json!({ "token": token, "password": PASSWORD });
    post(app, "/auth/confirm", &body)
}

fn actions(database: &Database) -> Vec<String> {
    database.lines("SELECT concat_ws(' ', action, subject) AS line FROM audit.events ORDER BY id")
}

/// E1, E2, E16: An account can log in once its address is confirmed, and only hashes of its secrets are stored.
#[test]
fn a_confirmed_account_can_log_in() {
    let database = Database::fresh();
    let app = App::over(&database);
    assert_eq!(register(&app, "Ann@Example.org", PASSWORD).status, 202);
    try_log_in(&app, "ann@example.org", PASSWORD).problem(401);
    assert_eq!(list_outbox(&database), ["confirm Ann@Example.org"]);
    let token = token(&database, "confirm", "Ann@Example.org");
    assert_eq!(confirm(&app, &token).status, 200);
    assert_eq!(try_log_in(&app, "ann@example.org", PASSWORD).status, 200);
    let stored = database.lines(
        "SELECT concat_ws(' ', a::text, c::text, l::text, o::text) AS line FROM accounts.accounts a, \
                accounts.credentials c, accounts.links l, mail.outbox o",
    );
    assert_eq!(stored.len(), 1);
    assert!(
        !stored[0].contains(PASSWORD) && !stored[0].contains(&token),
        "{stored:?}"
    );
    assert!(
        stored[0].contains("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{stored:?}"
    );
    let mut actions = actions(&database);
    actions.retain(|action| action.starts_with("account."));
    assert_eq!(
        actions,
        ["account.registered account:1", "account.confirmed account:1"]
    );
}

/// E2, E3: Opening a mailed link, as mail scanners do, neither confirms the account nor uses the link.
#[test]
fn opening_a_mailed_link_does_not_use_it() {
    let database = Database::fresh();
    let app = App::over(&database);
    register(&app, "ann@example.org", PASSWORD);
    let token = Mailbox::of(&database).wait("ann@example.org", "").token();
    for method in ["GET", "GET", "GET", "HEAD"] {
        let page = send(app.request(method, &format!("/confirm?token={token}")));
        assert_eq!(page.status, 200, "{page:?}");
    }
    try_log_in(&app, "ann@example.org", PASSWORD).problem(401);
    assert_eq!(confirm(&app, &token).status, 200);
    assert_eq!(try_log_in(&app, "ann@example.org", PASSWORD).status, 200);
}

/// E2: A link works once. Used, revoked, expired and forged links are rejected with the same response.
#[test]
fn a_link_works_once_and_invalid_links_look_alike() {
    let database = Database::fresh();
    let app = App::over(&database);
    register(&app, "ann@example.org", PASSWORD);
    register(&app, "bob@example.org", PASSWORD);
    register(&app, "cat@example.org", PASSWORD);
    let used = token(&database, "confirm", "ann@example.org");
    assert_eq!(confirm(&app, &used).status, 200);
    let revoked = token(&database, "confirm", "bob@example.org");
    post(&app, "/auth/resend", &json!({ "email": "bob@example.org" }));
    let expired = token(&database, "confirm", "cat@example.org");
    database.execute(
        "UPDATE accounts.links SET expires_at = now() - interval '1 second' FROM accounts.accounts a \
         WHERE a.id = account_id AND email_key = 'cat@example.org'",
    );
    post(&app, "/auth/forgot", &json!({ "email": "ann@example.org" }));
    let with_another_purpose = token(&database, "reset", "ann@example.org");
    let forged = "A".repeat(43);
    let rejection = |response: &Response| {
        let mut problem = response.problem(404);
        problem.as_object_mut().unwrap().remove("request_id");
        problem
    };
    let first = rejection(&confirm(&app, &used));
    assert_eq!(first["type"], "urn:portcullis:problem:unknown-link");
    let long = "x".repeat(256);
    for token in [
        &revoked,
        &expired,
        &with_another_purpose,
        &forged,
        "",
        "ü",
        "' OR 1=1--",
        "\0",
        &long,
    ] {
        assert_eq!(rejection(&confirm(&app, token)), first, "{token:?}");
    }
    for email in ["bob@example.org", "cat@example.org"] {
        try_log_in(&app, email, PASSWORD).problem(401);
    }
}

/// E1: Registering an existing address returns the same status, body and headers as a new one. Only the mail differs, and
/// the existing account does not change.
#[test]
fn an_existing_address_is_revealed_only_by_mail() {
    let database = Database::fresh();
    let app = App::over(&database);
    accounts::create_account(&database, "ann@example.org", Role::User);
    create_account_in(&database, "ivy@example.org", Role::Approver, "invited");
    let mut responses = Vec::new();
    for email in [
        "new@example.org",
        "ANN@example.org",
        "ivy@example.org",
        "New@example.org",
    ] {
        let response = register(&app, email, PASSWORD);
        assert_eq!(response.status, 202);
        let mut names: Vec<String> = response.headers.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        responses.push((response.text().to_owned(), names));
    }
    assert!(
        responses.iter().all(|response| *response == responses[0]),
        "{responses:?}"
    );
    assert_eq!(
        list_outbox(&database),
        [
            "confirm new@example.org",
            "already_registered ann@example.org",
            "invite ivy@example.org",
            "confirm new@example.org",
        ]
    );
    // The password of the existing account still works, the submitted one does not.
    assert_eq!(
        try_log_in(&app, "ann@example.org", accounts::PASSWORD).status,
        200
    );
    try_log_in(&app, "ann@example.org", PASSWORD).problem(401);
    let invited =
        "SELECT concat_ws(' ', state, role) AS line FROM accounts.accounts WHERE email_key LIKE 'ivy%'";
    assert_eq!(database.lines(invited), ["invited approver"]);
}

/// E1, E2: Registering again with the same password, however late or in the same moment, keeps the password and every mailed
/// link working.
#[test]
fn registering_again_with_the_same_password_changes_nothing() {
    let database = Database::fresh();
    let app = App::over(&database);
    let statuses = concurrently(3, |_| register(&app, "ann@example.org", PASSWORD).status);
    assert_eq!(statuses, [202; 3]);
    let confirms = tokens(&database, "confirm", "ann@example.org");
    assert_eq!(confirms.len(), 3, "{:?}", list_outbox(&database));
    for (used, token) in confirms.iter().enumerate() {
        assert_eq!(confirm(&app, token).status, if used == 0 { 200 } else { 404 });
    }
    assert_eq!(try_log_in(&app, "ann@example.org", PASSWORD).status, 200);

    assert_eq!(register(&app, "bob@example.org", PASSWORD).status, 202);
    assert_eq!(register(&app, "BOB@example.org", PASSWORD).status, 202);
    let first = &tokens(&database, "confirm", "bob@example.org")[0];
    assert_eq!(confirm(&app, first).status, 200, "the first link still works");
    assert_eq!(try_log_in(&app, "bob@example.org", PASSWORD).status, 200);
}

/// E1, E2, E9: When an address is registered with two passwords before it is confirmed, neither of them works: pending links
/// are revoked, and the reader of the next mail, which lives as long as a confirmation, chooses the password.
#[test]
fn an_address_registered_twice_gets_its_password_by_mail() {
    let database = Database::fresh();
    let app = App::over(&database);
    register(&app, "ann@example.org", PASSWORD);
    register(&app, "ann@example.org", "the password of another client");
    let confirms = tokens(&database, "confirm", "ann@example.org");
    assert_eq!(confirms.len(), 1, "there is only one confirmation link");
    confirm(&app, &confirms[0]).problem(404);
    let email = json!({ "email": "ann@example.org" });
    assert_eq!(post(&app, "/auth/resend", &email).status, 202);
    assert_eq!(tokens(&database, "confirm", "ann@example.org").len(), 1);
    let resets = tokens(&database, "choose_password", "ann@example.org");
    let hours = "SELECT (extract(epoch FROM expires_at - created_at) / 3600)::int::text AS line FROM mail.outbox WHERE kind = 'choose_password'";
    assert_eq!(database.lines(hours), ["24", "24"]);
    let chosen = "what the reader of the mail chose";
    let reset = |token: &str| {
        post(
            &app,
            "/auth/reset",
            &json!({ "token": token, "password": chosen }),
        )
    };
    reset(&resets[0]).problem(404);
    assert_eq!(reset(&resets[1]).status, 200);
    for password in [PASSWORD, "the password of another client"] {
        try_log_in(&app, "ann@example.org", password).problem(401);
    }
    assert_eq!(try_log_in(&app, "ann@example.org", chosen).status, 200);
    let events = "SELECT concat_ws(' ', action, detail->>'role') AS line FROM audit.events
                WHERE action IN ('account.confirmed', 'password.reset') ORDER BY id";
    assert_eq!(
        database.lines(events),
        ["account.confirmed user", "password.reset"]
    );
}

/// E4: Resending revokes the old link. The response is the same for unknown and for confirmed addresses.
#[test]
fn resending_replaces_the_link() {
    let database = Database::fresh();
    let app = App::over(&database);
    accounts::create_account(&database, "old@example.org", Role::User);
    register(&app, "ann@example.org", PASSWORD);
    let resend = |email: &str| post(&app, "/auth/resend", &json!({ "email": email }));
    let responses = ["ann@example.org", "old@example.org", "nobody@example.org"].map(resend);
    for response in &responses {
        assert_eq!((response.status, response.text()), (202, responses[0].text()));
    }
    let tokens = tokens(&database, "confirm", "ann@example.org");
    assert_eq!(tokens.len(), 2);
    confirm(&app, &tokens[0]).problem(404);
    assert_eq!(confirm(&app, &tokens[1]).status, 200);
    assert_eq!(
        list_outbox(&database).last().unwrap(),
        "already_registered old@example.org"
    );
}

/// E1: Concurrent registrations of one address create one account and get the same response.
#[test]
fn concurrent_registrations_create_one_account() {
    let database = Database::fresh();
    let app = App::over(&database);
    let statuses = concurrently(8, |n| {
        register(&app, "ann@example.org", &format!("{PASSWORD} {n}")).status
    });
    assert_eq!(statuses, [202; 8]);
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM accounts.accounts"),
        ["1"]
    );
    let open = "SELECT count(*)::text AS line FROM accounts.links WHERE closed_at IS NULL";
    assert_eq!(database.lines(open), ["1"]);
}

/// E2: Of concurrent confirmations with one link, exactly one succeeds.
#[test]
fn of_concurrent_confirmations_one_succeeds() {
    let database = Database::fresh();
    let app = App::over(&database);
    register(&app, "ann@example.org", PASSWORD);
    let token = token(&database, "confirm", "ann@example.org");
    // As many as the throttle admits at once.
    let mut statuses = concurrently(5, |_| confirm(&app, &token).status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404, 404, 404, 404]);
    let confirmed = actions(&database)
        .into_iter()
        .filter(|action| action.starts_with("account.confirmed"));
    assert_eq!(confirmed.count(), 1);
}

/// E1: A closed registration rejects every request and sends no mail.
#[test]
fn a_closed_registration_is_rejected() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("REGISTRATION", "closed")]));
    let problem = register(&app, "ann@example.org", PASSWORD).problem(403);
    assert_eq!(problem["type"], "urn:portcullis:problem:registration-closed");
    assert!(list_outbox(&database).is_empty());
}

/// O5, D8: A rejected body names every invalid member, and unknown members are rejected.
#[test]
fn every_invalid_member_is_named() {
    let database = Database::fresh();
    let app = App::over(&database);
    let invalid = json!({ "name": "", "email": "ann", "password": 7 });
    let fields = post(&app, "/auth/register", &invalid).fields(400);
    assert_eq!(fields, ["body:name", "body:email", "body:password"]);
    let fields = post(&app, "/auth/register", &json!({})).fields(400);
    assert_eq!(fields, ["body:name", "body:email", "body:password"]);
    let unknown = json!({ "name": "Ann", "email": "ann@example.org", "password": PASSWORD, "role": "admin" });
    post(&app, "/auth/register", &unknown).problem(400);
    for body in [json!({ "token": 7 }), json!({})] {
        assert_eq!(
            post(&app, "/auth/change-email", &body).fields(400),
            ["body:token"]
        );
        let fields = post(&app, "/auth/confirm", &body).fields(400);
        assert_eq!(fields, ["body:token", "body:password"]);
    }
    for path in ["/auth/resend", "/auth/forgot"] {
        assert_eq!(
            post(&app, path, &json!({ "email": "a b@c.org" })).fields(400),
            ["body:email"]
        );
    }
    let fields = post(&app, "/auth/reset", &json!({})).fields(400);
    assert_eq!(fields, ["body:token", "body:password"]);
    let fields = post(&app, "/auth/invitation", &json!({})).fields(400);
    assert_eq!(fields, ["body:token", "body:name", "body:password"]);
}
