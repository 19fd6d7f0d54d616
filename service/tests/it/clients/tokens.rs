//! Access tokens of machine clients.

use crate::support::admin_client::AdminClient;
use crate::support::app::send;
use crate::support::machine_client::{
    ALL_SCOPES, MachineClient, access_token, assert_oauth_error, post_token,
};
use crate::support::token_forger::{Parts, published, verifies};
use portcullis::types::clock;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const GRANT: &str = "grant_type=client_credentials";

/// All claims of a client's token.
const CLAIMS: [&str; 9] = [
    "iss",
    "aud",
    "sub",
    "client_id",
    "jti",
    "iat",
    "nbf",
    "exp",
    "scope",
];

/// F8: Id and secret return a token of RFC 9068, which verifies with the published keys.
#[test]
fn id_and_secret_return_a_token() {
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, ALL_SCOPES);
    let response = client.request_token(&admin.app);
    assert_eq!(response.status, 200, "{response:?}");
    assert!(response.header("content-type").starts_with("application/json"));
    assert!(response.header("cache-control").contains("no-store"));
    let body = response.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 600);
    assert_eq!(body["scope"], ALL_SCOPES);
    assert!(body.get("refresh_token").is_none(), "RFC 6749 §4.4.3");
    let token = access_token(&response);
    assert!(verifies(&published(&admin.app), &token));
    let parts = Parts::of(&token);
    assert_eq!(parts.header()["typ"], "at+jwt");
    let claims = parts.claims();
    let names: BTreeSet<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(CLAIMS));
    assert_eq!(
        (&claims["sub"], &claims["client_id"]),
        (&json!(client.id), &json!(client.id))
    );
    assert_eq!(claims["iss"], "http://127.0.0.1:3000");
    assert_eq!(claims["aud"], "portcullis");
    assert_eq!(claims["scope"], ALL_SCOPES);
    assert_eq!(claims["nbf"], claims["iat"]);
    let number = |name: &str| claims[name].as_i64().unwrap();
    let now = clock::now().timestamp();
    assert!((now - 10..=now).contains(&number("iat")), "{claims}");
    assert_eq!(number("exp") - number("iat"), 600);
    let other = client.token(&admin.app);
    assert_ne!(Parts::of(&other).claims()["jti"], claims["jti"]);
}

/// F8: A token lives as long as those of accounts.
#[test]
fn a_setting_bounds_the_lifetime() {
    let admin = AdminClient::with_settings(&[("ACCESS_TOKEN_TTL", "61")]);
    let client = MachineClient::create(&admin, "rates:write");
    assert_eq!(client.request_token(&admin.app).json()["expires_in"], 61);
}

/// F8: A requested scope narrows the token; one that the client does not have is `invalid_scope`.
#[test]
fn a_requested_scope_narrows_the_token() {
    let admin = AdminClient::fresh();
    let both = MachineClient::create(&admin, ALL_SCOPES);
    let one = MachineClient::create(&admin, "rates:write");
    let request =
        |client: &MachineClient, form: &str| post_token(&admin.app, Some((&client.id, &client.secret)), form);
    for (form, scope) in [
        (GRANT, ALL_SCOPES),
        ("grant_type=client_credentials&scope=", ALL_SCOPES),
        ("grant_type=client_credentials&scope", ALL_SCOPES),
        ("scope=rates:write&grant_type=client_credentials", "rates:write"),
        (
            "grant_type=client_credentials&scope=tokens%3Aintrospect",
            "tokens:introspect",
        ),
        (
            "grant_type=client_credentials&scope=tokens:introspect+rates:write",
            ALL_SCOPES,
        ),
        ("grant_type=client_credentials&audience=x&resource=y", ALL_SCOPES),
    ] {
        let response = request(&both, form);
        assert_eq!(response.status, 200, "{form}: {response:?}");
        assert_eq!(response.json()["scope"], scope, "{form}");
        assert_eq!(Parts::of(&access_token(&response)).claims()["scope"], scope);
    }
    for scope in [
        "tokens:introspect",
        "rates:write+tokens:introspect",
        "profile",
        "users:write",
        "clients:manage",
        "rates:write+rates:write",
        "+rates:write",
        "rates:write%00",
        "%22",
        "openid",
    ] {
        let response = request(&one, &format!("{GRANT}&scope={scope}"));
        assert_oauth_error(&response, 400, "invalid_scope");
    }
}

/// F8: Malformed requests have the errors of RFC 6749 §5.2.
#[test]
fn malformed_requests_have_the_errors_of_oauth() {
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, "rates:write");
    let own = Some((client.id.as_str(), client.secret.as_str()));
    for (form, error) in [
        ("", "invalid_request"),
        ("scope=rates:write", "invalid_request"),
        ("grant_type=", "invalid_request"),
        (
            "grant_type=password&username=a&password=b",
            "unsupported_grant_type",
        ),
        ("grant_type=Client_Credentials", "unsupported_grant_type"),
        (
            "grant_type=refresh_token&refresh_token=x",
            "unsupported_grant_type",
        ),
        (
            "grant_type=client_credentials&grant_type=client_credentials",
            "invalid_request",
        ),
        (
            "grant_type=client_credentials&scope=rates:write&%73cope=rates:write",
            "invalid_request",
        ),
        ("grant_type=client_credentials&x=1&x=2", "invalid_request"),
        ("grant_type=client_credentials&scope=%ff", "invalid_request"),
        ("grant_type=client_credentials&scope=%", "invalid_request"),
        ("grant_type=client_credentials&client_secret=x", "invalid_request"),
    ] {
        assert_oauth_error(&post_token(&admin.app, own, form), 400, error);
    }
    for (kind, body) in [
        (
            "application/json",
            json!({"grant_type": "client_credentials"}).to_string(),
        ),
        ("text/plain", GRANT.to_owned()),
        ("multipart/form-data; boundary=x", "--x--".to_owned()),
    ] {
        let request = app_post(&admin).basic_auth(&client.id, Some(&client.secret));
        let response = send(request.header("content-type", kind).body(body));
        assert_oauth_error(&response, 400, "invalid_request");
    }
    let untyped = app_post(&admin).basic_auth(&client.id, Some(&client.secret));
    assert_oauth_error(&send(untyped.body(GRANT)), 400, "invalid_request");
    let large = format!("{GRANT}&x={}", "x".repeat(70_000));
    post_token(&admin.app, own, &large).problem(413);
    let in_query = admin.app.request("POST", &format!("/oauth/token?{GRANT}"));
    send(in_query.basic_auth(&client.id, Some(&client.secret))).problem(400);
    assert_eq!(post_token(&admin.app, own, GRANT).status, 200);
}

fn app_post(admin: &AdminClient) -> reqwest::blocking::RequestBuilder {
    admin.app.request("POST", "/oauth/token")
}

/// F8: An introspection returns the client, and no member that only an account has.
#[test]
fn a_token_can_be_introspected() {
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, ALL_SCOPES);
    let token = client.token(&admin.app);
    let claims = Parts::of(&token).claims();
    let introspect = |caller: &str| -> Value {
        let request = admin.app.request("POST", "/introspect").bearer_auth(caller);
        let form = request.header("content-type", "application/x-www-form-urlencoded");
        let response = send(form.body(format!("token={token}")));
        assert_eq!(response.status, 200, "{response:?}");
        response.json()
    };
    for caller in [&admin.token, &token] {
        let introspection = introspect(caller);
        assert_eq!(introspection["active"], true);
        assert_eq!(introspection["token_type"], "Bearer");
        for name in CLAIMS {
            assert_eq!(introspection[name], claims[name], "{name}");
        }
        for name in ["username", "admin", "sid"] {
            assert!(introspection.get(name).is_none(), "{introspection}");
        }
    }
    admin.execute("UPDATE clients.clients SET scopes = 'rates:write'");
    assert_eq!(
        introspect(&admin.token)["scope"],
        "rates:write",
        "the current ones"
    );
    admin.execute("UPDATE clients.clients SET revoked_at = now()");
    assert_eq!(introspect(&admin.token), json!({"active": false}));
}

/// F8: The use of a secret is recorded, in its row and in the audit log, once a minute.
#[test]
fn the_use_of_a_secret_is_recorded_once_a_minute() {
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, "rates:write");
    let path = format!("{}/secrets", client.path());
    let last_use = || admin.get(&path).json()["secrets"][0]["last_used_at"].clone();
    let events = || {
        admin.database.lines(
            "SELECT subject || ' ' || (detail - 'credential')::text AS line FROM audit.events
             WHERE action = 'client.authenticated' ORDER BY id",
        )
    };
    assert_eq!(last_use(), Value::Null);
    client.token(&admin.app);
    let first = last_use();
    assert!(first.is_string(), "{first}");
    let event = format!("client:{} {{\"method\": \"client_secret_basic\"}}", client.id);
    for _ in 0..5 {
        client.token(&admin.app);
    }
    assert_eq!(last_use(), first);
    assert_eq!(events(), std::slice::from_ref(&event));
    admin.execute("UPDATE clients.credentials SET last_used_at = now() - interval '61 seconds'");
    client.token(&admin.app);
    assert_ne!(last_use(), first);
    assert_eq!(events(), [event.clone(), event]);
}

/// F8: While the database does not answer, a token request is 503 and no token is accepted.
#[test]
fn an_unavailable_database_is_503() {
    use diesel::connection::SimpleConnection;
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, ALL_SCOPES);
    let token = client.token(&admin.app);
    // The lock blocks the next statement until it times out.
    let mut conn = admin.database.admin();
    let lock = "BEGIN; LOCK TABLE clients.clients IN ACCESS EXCLUSIVE MODE";
    conn.batch_execute(lock).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| client.request_token(&admin.app).problem(503));
        scope.spawn(|| {
            let request = admin.app.request("POST", "/introspect").bearer_auth(&token);
            send(
                request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body("token=x"),
            )
            .problem(503)
        });
    });
}
