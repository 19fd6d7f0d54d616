//! Accounts inserted directly into a database, and clients that log in over the API.

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
use std::time::Duration;

/// The password of every account that is created here.
pub const PASSWORD: &str = "a violet bicycle 🚲 in the rain";

/// The default hashing settings, which are also the minimum that the settings allow.
pub const HASHING: HashingSettings = HashingSettings {
    threads: 1,
    queue_capacity: 64,
    queue_timeout: Duration::from_secs(10),
    memory: 19_456,
    iterations: 2,
};

/// The tokens of a session.
#[derive(Clone, Debug)]
pub struct TokenPair {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

#[derive(QueryableByName)]
struct Created {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The hash of [`PASSWORD`], computed once per process.
pub fn password_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let hash = PasswordHash::create(&PASSWORD.into(), HASHING).unwrap();
        hash.as_str().to_owned()
    })
}

/// Creates an active account with [`PASSWORD`]; returns its ID.
pub fn create_account(database: &Database, email: &str, role: Role) -> i64 {
    create_account_in(database, email, role, "active")
}

/// Creates an account with [`PASSWORD`] in this state; returns its ID.
pub fn create_account_in(database: &Database, email: &str, role: Role, state: &str) -> i64 {
    let statement = "WITH created AS (
           INSERT INTO accounts.accounts (email, email_key, name, role, state, confirmed_at)
           VALUES ($1, lower($1), split_part($1, '@', 1), $2, $3, CASE $3 WHEN 'active' THEN now() END) RETURNING id)
         INSERT INTO accounts.credentials (account_id, password_hash, password_changed_at)
         SELECT id, $4, now() FROM created RETURNING account_id AS id";
    let created: Created = diesel::sql_query(statement)
        .bind::<Text, _>(email)
        .bind::<Text, _>(role.as_str())
        .bind::<Text, _>(state)
        .bind::<Text, _>(password_hash())
        .get_result(&mut database.admin())
        .unwrap();
    created.id
}

/// POST of a JSON body without a token.
pub fn post(app: &App, path: &str, body: &Value) -> Response {
    let request = app.request("POST", path);
    send(
        request
            .header("content-type", "application/json")
            .body(body.to_string()),
    )
}

/// Sends a request with an access token. `Value::Null` stands for no body.
pub fn call_as(app: &App, token: &str, method: &str, path: &str, body: &Value) -> Response {
    let request = app.request(method, path).bearer_auth(token);
    send(match body {
        Value::Null => request,
        body => request
            .header("content-type", "application/json")
            .body(body.to_string()),
    })
}

/// Sets a body of this JSON text.
pub fn with_json(request: RequestBuilder, text: &str) -> RequestBuilder {
    request
        .header("content-type", "application/json")
        .body(text.to_owned())
}

/// GET with an access token.
pub fn get_as(app: &App, token: &str, path: &str) -> Response {
    call_as(app, token, "GET", path, &Value::Null)
}

/// Registers an account over the API.
pub fn register(app: &App, name: &str, email: &str, password: &str) -> Response {
    let body = json!({ "name": name, "email": email, "password": password });
    post(app, "/auth/register", &body)
}

/// Tries to log in.
pub fn try_log_in(app: &App, email: &str, password: &str) -> Response {
    post(
        app,
        "/auth/login",
        &json!({ "email": email, "password": password }),
    )
}

/// Tries to log in with a second-factor code.
pub fn try_log_in_with_code(app: &App, email: &str, password: &str, code: &str) -> Response {
    post(
        app,
        "/auth/login",
        &json!({ "email": email, "password": password, "code": code }),
    )
}

/// Logs in to an account with [`PASSWORD`].
pub fn log_in(app: &App, email: &str) -> TokenPair {
    token_pair(&try_log_in(app, email, PASSWORD))
}

/// The tokens in the response to a login or refresh.
pub fn token_pair(response: &Response) -> TokenPair {
    assert_eq!(response.status, 200, "{response:?}");
    let body = response.json();
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    TokenPair {
        access: text("access_token"),
        refresh: text("refresh_token"),
    }
}

/// Creates an account and logs in; returns the access token.
pub fn create_and_log_in(app: &App, database: &Database, email: &str, role: Role) -> String {
    create_account(database, email, role);
    log_in(app, email).access
}

/// The claims of an access token, without verifying it.
pub fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
