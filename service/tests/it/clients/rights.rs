//! What the token of a client permits, and for how long.

use crate::support::accounts::{call_as, create_account, create_and_log_in, get_as, log_in, with_json};
use crate::support::admin_client::AdminClient;
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::machine_client::{ALL_SCOPES, MachineClient, assert_oauth_error};
use crate::support::response::Response;
use crate::support::test_api::TestApi;
use crate::support::upload::{self, PartialUpload};
use crate::support::wait::wait_until;
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn store(app: &App, token: &str) -> Response {
    send(app.request("POST", "/extra/store").bearer_auth(token))
}

/// F8: An operation that stores prices accepts clients and accounts with the scope `rates:write` and no other.
#[test]
fn storing_prices_needs_the_scope() {
    let database = Database::fresh();
    let app = App::start_with(&database.settings(&[]), |apis| (apis, TestApi::default()));
    let admin = create_and_log_in(&app, &database, "admin@example.org", Role::Admin);
    let writer = MachineClient::create_as(&app, &admin, "rates:write");
    let reader = MachineClient::create_as(&app, &admin, "tokens:introspect");
    let stored = store(&app, &writer.token(&app));
    assert_eq!(
        (stored.status, stored.text()),
        (200, format!("client:{}", writer.id).as_str())
    );
    let id = create_account(&database, "ingest@example.org", Role::Ingest);
    let ingest = log_in(&app, "ingest@example.org").access;
    let stored = store(&app, &ingest);
    assert_eq!(
        (stored.status, stored.text()),
        (200, format!("account:{id}").as_str())
    );
    let others = [Role::User, Role::Approver, Role::Introspector];
    let others = others.map(|role| create_and_log_in(&app, &database, &format!("{role}@example.org"), role));
    for token in others.iter().chain([&admin, &reader.token(&app)]) {
        let refused = store(&app, token);
        assert_eq!(
            refused.problem(403)["type"],
            "urn:portcullis:problem:insufficient-scope"
        );
        assert_eq!(
            refused.header("www-authenticate"),
            "Bearer error=\"insufficient_scope\""
        );
    }
    store(&app, "x").problem(401);
    send(app.request("POST", "/extra/store")).problem(401);
}

/// F8: Where a second factor is required of the role `ingest`, an account without one stores nothing.
#[test]
fn an_account_without_its_second_factor_stores_nothing() {
    let database = Database::fresh();
    let app = App::start_with(&database.settings(&[("SECOND_FACTOR", "all")]), |apis| {
        (apis, TestApi::default())
    });
    let token = create_and_log_in(&app, &database, "ingest@example.org", Role::Ingest);
    let refused = store(&app, &token);
    assert_eq!(
        refused.problem(403)["type"],
        "urn:portcullis:problem:second-factor-setup-required"
    );
}

/// F8: A revoked client's tokens are refused within a second at every instance, and it gets no other one.
#[test]
fn a_revoked_client_is_rejected_everywhere() {
    let here = AdminClient::fresh();
    let there = App::over(&here.database);
    let client = MachineClient::create(&here, ALL_SCOPES);
    let (first, second) = (client.token(&here.app), client.token(&there));
    let introspect = |app: &App, token: &str| {
        let request = app.request("POST", "/introspect").bearer_auth(token);
        send(
            request
                .header("content-type", "application/x-www-form-urlencoded")
                .body("token=x"),
        )
    };
    for app in [&here.app, &there] {
        for token in [&first, &second] {
            assert_eq!(introspect(app, token).status, 200);
        }
    }
    assert_eq!(send(here.request("DELETE", &client.path())).status, 204);
    let start = Instant::now();
    for app in [&there, &here.app] {
        for token in [&first, &second] {
            let refused = introspect(app, token);
            refused.problem(401);
            assert!(refused.header("www-authenticate").contains("invalid_token"));
        }
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    for app in [&there, &here.app] {
        assert_oauth_error(&client.request_token(app), 401, "invalid_client");
    }
}

/// F8: A scope that is taken from a client is taken from its tokens, at every instance; one that it gets, they do not get.
#[test]
fn a_token_loses_the_scopes_that_its_client_loses() {
    let here = AdminClient::fresh();
    let there = App::over(&here.database);
    let client = MachineClient::create(&here, "tokens:introspect");
    let token = client.token(&there);
    let introspect = || {
        let request = there.request("POST", "/introspect").bearer_auth(&token);
        send(
            request
                .header("content-type", "application/x-www-form-urlencoded")
                .body("token=x"),
        )
    };
    let change = |scopes: Value| {
        let request = here.request("PUT", &client.path()).header("if-match", "*");
        let body = json!({"name": "Nightly upload", "scopes": scopes}).to_string();
        assert_eq!(send(with_json(request, &body)).status, 200);
    };
    assert_eq!(introspect().status, 200);
    change(json!(["rates:write"]));
    let refused = introspect();
    refused.problem(403);
    assert_eq!(
        refused.header("www-authenticate"),
        "Bearer error=\"insufficient_scope\""
    );
    change(json!(["rates:write", "tokens:introspect"]));
    assert_eq!(introspect().status, 200);
}

/// F8: A client signs no one out, and has no account, session or wish.
#[test]
fn a_client_has_no_rights_of_a_person() {
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, ALL_SCOPES);
    let token = client.token(&admin.app);
    for path in [
        "/auth/me",
        "/auth/sessions",
        "/wishes",
        "/users",
        "/admin/audit",
        "/clients",
    ] {
        let refused = get_as(&admin.app, &token, path);
        refused.problem(403);
        assert!(
            refused.header("www-authenticate").contains("insufficient_scope"),
            "{path}"
        );
    }
    for path in [
        "/auth/logout",
        "/auth/logout-all",
        "/auth/reauthenticate",
        "/validate",
    ] {
        call_as(&admin.app, &token, "POST", path, &Value::Null).problem(403);
    }
    assert_eq!(
        admin.get("/users").status,
        200,
        "the administrator is still signed in"
    );
    assert_eq!(client.request_token(&admin.app).status, 200);
}

/// F8: A client that is revoked while its upload is received stores nothing.
#[test]
fn a_client_that_is_revoked_during_an_upload_stores_nothing() {
    let database = upload::database();
    let app = upload::app(&database);
    let admin = create_and_log_in(&app, &database, "root@example.org", Role::Admin);
    let client = MachineClient::create_as(&app, &admin, "rates:write");
    let mut upload = PartialUpload::begin(&app, &client.token(&app), "1");
    let path = upload.path(&database);
    let revoke = app.request("DELETE", &client.path()).bearer_auth(&admin);
    let revoked = send(revoke.header("if-match", "*"));
    assert_eq!(revoked.status, 204, "{revoked:?}");
    upload.finish().problem(401);
    let id = path.rsplit('/').next().unwrap();
    let state = || {
        database.lines(&format!(
            "SELECT state AS line FROM rates.uploads WHERE id = {id}"
        ))
    };
    wait_until("the upload is given up", || state() == ["failed"]);
}
