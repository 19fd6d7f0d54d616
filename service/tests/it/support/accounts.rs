//! People who have an account: made directly in a test's database, signed in over the API.
use super::app::{App, send};
use super::database::Database;
use super::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use portcullis::config::auth::HashingSettings;
use portcullis::crypto::password_hash::PasswordHash;
use portcullis::types::role::Role;
use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// The password of everybody who is made here.
pub const PASSWORD: &str = "a violet bicycle 🚲 in the rain";

/// The least that the settings allow, and their default.
pub const COST: HashingSettings = HashingSettings {
    threads: 1,
    queue_capacity: 64,
    memory: 19_456,
    iterations: 2,
};

/// What somebody who is signed in holds.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

#[derive(QueryableByName)]
struct Made {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The hash of [`PASSWORD`], made once a process.
pub fn password_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let made = PasswordHash::make(&PASSWORD.into(), COST).unwrap();
        made.as_str().to_owned()
    })
}

/// Makes an active account with [`PASSWORD`]; its number.
pub fn account(database: &Database, email: &str, role: Role) -> i64 {
    account_in(database, email, role, "active")
}

/// Makes an account with [`PASSWORD`] in a state; its number.
pub fn account_in(database: &Database, email: &str, role: Role, state: &str) -> i64 {
    let statement = "WITH made AS (
           INSERT INTO accounts.accounts (email, email_key, name, role, state, confirmed_at)
           VALUES ($1, lower($1), split_part($1, '@', 1), $2, $3, CASE $3 WHEN 'active' THEN now() END) RETURNING id)
         INSERT INTO accounts.credentials (account_id, password_hash, password_changed_at)
         SELECT id, $4, now() FROM made RETURNING account_id AS id";
    let made: Made = diesel::sql_query(statement)
        .bind::<Text, _>(email)
        .bind::<Text, _>(role.as_str())
        .bind::<Text, _>(state)
        .bind::<Text, _>(password_hash())
        .get_result(&mut database.admin())
        .unwrap();
    made.id
}

/// Sends JSON without a token.
pub fn post(app: &App, path: &str, body: &Value) -> Response {
    let request = app.request("POST", path);
    send(
        request
            .header("content-type", "application/json")
            .body(body.to_string()),
    )
}

/// Sends a request with an access token; a body of `Value::Null` is none.
pub fn ask(app: &App, token: &str, method: &str, path: &str, body: &Value) -> Response {
    let request = app.request(method, path).bearer_auth(token);
    send(match body {
        Value::Null => request,
        body => request
            .header("content-type", "application/json")
            .body(body.to_string()),
    })
}

/// With a body of this JSON text.
pub fn with_json(request: RequestBuilder, text: &str) -> RequestBuilder {
    request
        .header("content-type", "application/json")
        .body(text.to_owned())
}

/// GET with an access token.
pub fn get(app: &App, token: &str, path: &str) -> Response {
    ask(app, token, "GET", path, &Value::Null)
}

/// Tries to sign in.
pub fn try_log_in(app: &App, email: &str, password: &str) -> Response {
    post(
        app,
        "/auth/login",
        &json!({ "email": email, "password": password }),
    )
}

/// Tries to sign in with a code.
pub fn try_code(app: &App, email: &str, password: &str, code: &str) -> Response {
    post(
        app,
        "/auth/login",
        &json!({ "email": email, "password": password, "code": code }),
    )
}

/// Signs in somebody who was made here.
pub fn log_in(app: &App, email: &str) -> SignedIn {
    signed_in(&try_log_in(app, email, PASSWORD))
}

/// The tokens of a response.
pub fn signed_in(response: &Response) -> SignedIn {
    assert_eq!(response.status, 200, "{response:?}");
    let body = response.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    SignedIn {
        access: text("access_token"),
        refresh: text("refresh_token"),
    }
}

/// Makes an account and signs it in; its access token.
pub fn token(app: &App, database: &Database, email: &str, role: Role) -> String {
    account(database, email, role);
    log_in(app, email).access
}

/// What an access token says, unverified.
pub fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
