//! Flows that handle the secrets of machine clients, for the search for secrets in logs.

use super::flows::TestEnvironment;
use crate::support::accounts::{call_as, create_and_log_in};
use crate::support::client_key::{ClientKey, assertion_form, post_assertion};
use crate::support::machine_client::{ALL_SCOPES, MachineClient, access_token, post_token};
use portcullis::types::role::Role;

const GRANT: &str = "grant_type=client_credentials";
const WRONG_SECRET: &str = "a-wrong-secret-of-a-machine-client-0123456";

/// Secrets and assertions, right, wrong and in the wrong place, and the tokens for them.
pub fn clients(env: &TestEnvironment) {
    let app = &env.app;
    let admin = create_and_log_in(app, &env.database, "clients@example.org", Role::Admin);
    let client = MachineClient::create_as(app, &admin, ALL_SCOPES);
    client.token(app);
    let wrong = post_token(app, Some((&client.id, WRONG_SECRET)), GRANT);
    assert_eq!(wrong.status, 401, "{wrong:?}");
    let in_body = format!("{GRANT}&client_id={}&client_secret={}", client.id, client.secret);
    assert_eq!(post_token(app, None, &in_body).status, 400);
    let key = ClientKey::random();
    let added = call_as(
        app,
        &admin,
        "POST",
        &format!("{}/keys", client.path()),
        &key.jwk(),
    );
    assert_eq!(added.status, 201, "{added:?}");
    let assertion = key.assertion(&client.id);
    let wrong = ClientKey::random().assertion(&client.id);
    access_token(&post_assertion(app, &assertion));
    assert_eq!(post_assertion(app, &assertion).status, 401, "it was used before");
    assert_eq!(post_assertion(app, &wrong).status, 401);
    let both = post_token(
        app,
        Some((&client.id, &client.secret)),
        &assertion_form(&assertion),
    );
    assert_eq!(both.status, 400);
}
