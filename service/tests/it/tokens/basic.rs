//! Access tokens for HTTP Basic credentials, as the gateway of the legacy system requests them.

use crate::support::accounts::{PASSWORD, create_account, create_account_in, log_in};
use crate::support::app::{App, send};
use crate::support::authenticator::{code, enable_totp};
use crate::support::database::Database;
use crate::support::raw_connection::send_request;
use crate::support::response::Response;
use crate::support::token_forger::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis::types::clock;
use portcullis::types::role::Role;
use serde_json::json;
use std::collections::BTreeSet;

const CHALLENGE: &str = "Basic realm=\"portcullis\", charset=\"UTF-8\"";

/// All claims of a token.
const CLAIMS: [&str; 12] = [
    "iss",
    "aud",
    "sub",
    "client_id",
    "jti",
    "sid",
    "iat",
    "nbf",
    "exp",
    "scope",
    "username",
    "admin",
];

fn basic(app: &App, field: impl AsRef<[u8]>) -> Response {
    let value = reqwest::header::HeaderValue::from_bytes(field.as_ref()).unwrap();
    send(app.request("POST", "/login").header("authorization", value))
}

fn log_in_basic(app: &App, email: &str, password: &str) -> Response {
    basic(
        app,
        format!("Basic {}", STANDARD.encode(format!("{email}:{password}"))),
    )
}

fn assert_unauthorized(response: &Response, detail: &str) {
    assert_eq!(response.problem(401)["detail"], detail);
    assert_eq!(response.header("www-authenticate"), CHALLENGE);
}

/// F1, F2: Valid credentials return a bare token as text, and `/validate` accepts it.
#[test]
fn valid_credentials_return_a_valid_token() {
    let database = Database::fresh();
    let app = App::over(&database);
    // `/validate` needs the scope `profile`, which an introspector lacks.
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Introspector) {
        let email = format!("{role}@example.org");
        let id = create_account(&database, &email, role);
        let response = log_in_basic(&app, &email, PASSWORD);
        assert_eq!(response.status, 200, "{response:?}");
        assert!(response.header("content-type").starts_with("text/plain"));
        assert!(response.header("cache-control").contains("no-store"));
        let token = response.text();
        assert_eq!(token.split('.').count(), 3, "the body is the bare token");
        let header = Parts::of(token).header();
        assert_eq!(
            (&header["typ"], &header["alg"]),
            (&json!("at+jwt"), &json!("ES256"))
        );

        let response = send(app.request("POST", "/validate").bearer_auth(token));
        assert_eq!(response.status, 200, "{response:?}");
        assert!(response.header("content-type").starts_with("application/json"));
        let claims = response.json();
        assert_eq!(claims, Parts::of(token).claims());
        let names: BTreeSet<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(CLAIMS));
        let now = clock::now().timestamp();
        let number = |name: &str| claims[name].as_i64().unwrap();
        assert!((now - 10..=now).contains(&number("iat")), "{claims}");
        assert_eq!(claims["nbf"], claims["iat"]);
        // The session started slightly before the token was signed, and both expire together.
        let ttl = number("exp") - number("iat");
        assert!((590..=600).contains(&ttl), "{claims}");
        assert_eq!(claims["username"], email);
        assert_eq!(claims["admin"], role == Role::Admin);
        assert_eq!(claims["iss"], "http://127.0.0.1:3000");
        assert_eq!(claims["aud"], "portcullis");
        assert_eq!(claims["client_id"], "portcullis");
        assert_eq!(claims["sub"], id.to_string());
        assert_eq!(claims["scope"], role.scope_text());
        assert!(claims["jti"].as_str().unwrap().len() >= 32);
        let other = log_in_basic(&app, &email, PASSWORD);
        assert_ne!(Parts::of(other.text()).claims()["jti"], claims["jti"]);
    }
}

/// F1: The token has its own session, which expires with it and has no refresh token.
#[test]
fn the_token_has_its_own_session() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "ann@example.org", Role::User);
    let token = log_in_basic(&app, "ann@example.org", PASSWORD).text().to_owned();
    let claims = Parts::of(&token).claims();
    let sid = claims["sid"].as_str().unwrap();
    let row = database.lines(&format!(
        "SELECT kind || ' ' || (abs(extract(epoch FROM expires_at) - {}) < 2) AS line
         FROM sessions.sessions WHERE id = '{sid}'",
        claims["exp"]
    ));
    assert_eq!(row, ["token true"]);
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM sessions.refresh_tokens"),
        ["0"]
    );
}

/// F1: A request without Basic credentials is challenged for them.
#[test]
fn missing_credentials_are_challenged() {
    let database = Database::not_created();
    let app = App::over(&database);
    assert_unauthorized(&send(app.request("POST", "/login")), "Missing credentials");
    for other in ["Bearer abc", "Digest username=\"ann\"", "Basics YTpi", ""] {
        assert_unauthorized(&basic(&app, other), "Missing credentials");
    }
}

/// F1: Wrong and malformed credentials get the same response, never a server error.
#[test]
fn wrong_and_malformed_credentials_get_the_same_response() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "ann@example.org", Role::User);
    create_account_in(&database, "new@example.org", Role::User, "unconfirmed");
    let pair =
        |user: &str, password: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let bytes = |bytes: &[u8]| format!("Basic {}", STANDARD.encode(bytes));
    let invalid = [
        pair("ann@example.org", "wrong"),
        pair("ann@example.org", ""),
        pair("nobody@example.org", PASSWORD),
        pair("new@example.org", PASSWORD),
        pair("", ""),
        pair("", PASSWORD),
        pair("ann", PASSWORD),
        pair("ann@example.org", &"x".repeat(8000)),
        pair(&"x".repeat(8000), PASSWORD),
        pair("ann@example.org\0", PASSWORD),
        pair("ann@example.org' OR 1=1--", PASSWORD),
        bytes(b"ann@example.org"),
        bytes(b""),
        bytes(b"\xff\xfe:\xff"),
        bytes(b"ann@example.org:\xc3\x28"),
        "Basic".into(),
        "Basic ".into(),
        "Basic !!!!".into(),
        "Basic YW5u=".into(),
        "Basic YW5uQGV4YW1wbGUub3JnOmE".into(),
        format!("{} {}", pair("ann@example.org", PASSWORD), "x"),
    ];
    for field in &invalid {
        assert_unauthorized(&basic(&app, field), "Invalid credentials");
    }
    assert_unauthorized(&basic(&app, b"Basic \xff\xfe"), "Invalid credentials");
    let valid = pair("ann@example.org", PASSWORD);
    let twice = format!(
        "POST /login HTTP/1.1\r\nHost: localhost\r\nAuthorization: {valid}\r\nAuthorization: {valid}\r\n\r\n"
    );
    assert_unauthorized(&send_request(app.address, twice), "Invalid credentials");
    assert_eq!(basic(&app, &valid).status, 200, "a single field is accepted");
    let huge = basic(&app, format!("Basic {}", "A".repeat(20_000)));
    huge.problem(431);
}

/// F1: Failed attempts are throttled together with those at `/auth/login`, for known and unknown addresses alike.
#[test]
fn failed_attempts_are_throttled() {
    for email in ["ann@example.org", "nobody@example.org"] {
        let database = Database::fresh();
        let app = App::over(&database);
        create_account(&database, "ann@example.org", Role::User);
        for _ in 0..6 {
            assert_unauthorized(&log_in_basic(&app, email, "wrong"), "Invalid credentials");
        }
        // On a busy machine the first wait may already be over.
        database.execute("UPDATE sessions.throttles SET blocked_until = now() + interval '1 minute' WHERE blocked_until IS NOT NULL");
        for password in ["wrong", PASSWORD] {
            let response = log_in_basic(&app, email, password);
            response.problem(429);
            assert!(response.header("retry-after").parse::<u32>().unwrap() > 0);
        }
        database.execute("DELETE FROM sessions.throttles");
        let status = log_in_basic(&app, email, PASSWORD).status;
        assert_eq!(status, if email.starts_with("ann") { 200 } else { 401 });
    }
}

/// F1: Basic credentials cannot carry a second-factor code, so an account with a second factor gets no token.
#[test]
fn basic_credentials_do_not_bypass_the_second_factor() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, "ann@example.org", Role::User);
    let token = log_in(&app, "ann@example.org").access;
    let (secret, _) = enable_totp(&app, &token);
    let response = log_in_basic(&app, "ann@example.org", PASSWORD);
    let problem = response.problem(401);
    assert_eq!(problem["type"], "urn:portcullis:problem:second-factor-required");
    assert_eq!(response.header("www-authenticate"), CHALLENGE);
    assert_unauthorized(
        &log_in_basic(&app, "ann@example.org", "wrong"),
        "Invalid credentials",
    );
    let with_code = format!("{PASSWORD}{}", code(&secret, 1));
    assert_unauthorized(
        &log_in_basic(&app, "ann@example.org", &with_code),
        "Invalid credentials",
    );
}
