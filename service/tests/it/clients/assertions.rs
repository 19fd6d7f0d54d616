//! Clients that authenticate with assertions (`private_key_jwt`).

use crate::support::admin_client::AdminClient;
use crate::support::app::App;
use crate::support::client_key::{ClientKey, ENDPOINT, assertion_form, post_assertion};
use crate::support::concurrently::concurrently;
use crate::support::machine_client::{MachineClient, access_token, assert_oauth_error, post_token};
use crate::support::token_forger::{Parts, encode, signing_key};
use aws_lc_rs::hmac;
use portcullis::types::clock;
use serde_json::{Value, json};
use std::time::Instant;

/// An administrator, a client, and its key.
fn setup() -> (AdminClient, MachineClient, ClientKey) {
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, "rates:write");
    let key = ClientKey::random();
    key.add_to(&admin, &client.id);
    (admin, client, key)
}

fn assert_rejected(admin: &AdminClient, why: &str, assertion: &str) {
    admin.execute("DELETE FROM sessions.throttles");
    let start = Instant::now();
    let response = post_assertion(&admin.app, assertion);
    assert_eq!(response.status, 401, "{why}: {response:?}");
    assert_oauth_error(&response, 401, "invalid_client");
    assert!(start.elapsed().as_millis() >= 250, "{why}");
}

/// F8: An assertion that a registered key signed returns a token, for the endpoint and for the issuer as audience.
#[test]
fn a_signed_assertion_returns_a_token() {
    let (admin, client, key) = setup();
    let parts = ClientKey::parts(&client.id);
    for parts in [
        parts.clone(),
        parts.with_claim("aud", json!("http://127.0.0.1:3000")),
        parts.with_claim("aud", json!([ENDPOINT])),
        parts.with_claim("exp", json!(clock::now().timestamp() + 3600)),
        parts.with_claim("nbf", json!(clock::now().timestamp())),
        parts.without_claim("iat"),
        parts.with_claim("extra", json!({"a": [1]})),
    ] {
        let unused = parts.with_claim("jti", json!(encode(rand::random::<[u8; 16]>())));
        let response = post_assertion(&admin.app, &unused.sign(&key.private));
        assert_eq!(response.status, 200, "{unused:?}: {response:?}");
        let claims = Parts::of(&access_token(&response)).claims();
        assert_eq!(
            (&claims["sub"], &claims["scope"]),
            (&json!(client.id), &json!("rates:write"))
        );
    }
    for header in [
        json!({"alg": "ES256"}),
        json!({"alg": "ES256", "typ": "client-authentication+jwt"}),
    ] {
        let parts = Parts {
            header: header.to_string(),
            ..ClientKey::parts(&client.id)
        };
        assert_eq!(
            post_assertion(&admin.app, &parts.sign(&key.private)).status,
            200,
            "{header}"
        );
    }
    let form = format!(
        "{}&client_id={}&scope=rates:write",
        assertion_form(&key.assertion(&client.id)),
        client.id
    );
    assert_eq!(post_token(&admin.app, None, &form).status, 200);
    assert_eq!(
        client.request_token(&admin.app).status,
        200,
        "the secret is valid, too"
    );
    let used = admin.get(&format!("{}/keys", client.path())).json()["keys"][0].clone();
    assert!(used["last_used_at"].is_string(), "{used}");
    assert_eq!((&used["x"], &used["y"]), (&key.jwk()["x"], &key.jwk()["y"]));
}

/// F8: An assertion is valid once, at every instance, also when it is sent to both at the same time.
#[test]
fn an_assertion_is_valid_once() {
    let (admin, client, key) = setup();
    let there = App::over(&admin.database);
    let assertion = key.assertion(&client.id);
    let statuses = concurrently(10, |number| {
        post_assertion([&admin.app, &there][number % 2], &assertion).status
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| [200, 401, 429].contains(status)),
        "{statuses:?}"
    );
    for app in [&admin.app, &there] {
        admin.execute("DELETE FROM sessions.throttles");
        assert_oauth_error(&post_assertion(app, &assertion), 401, "invalid_client");
    }
    let reasons = admin
        .database
        .lines("SELECT DISTINCT detail ->> 'why' AS line FROM audit.events WHERE action = 'client.refused'");
    assert_eq!(reasons, ["used assertion"]);
    let same_id = Parts::of(&assertion)
        .with_claim("extra", json!(1))
        .sign(&key.private);
    assert_rejected(&admin, "the same jti", &same_id);
    let other = MachineClient::create(&admin, "rates:write");
    let other_key = ClientKey::random();
    other_key.add_to(&admin, &other.id);
    let jti = Parts::of(&assertion).claims()["jti"].clone();
    let of_other = ClientKey::parts(&other.id).with_claim("jti", jti);
    let response = post_assertion(&admin.app, &of_other.sign(&other_key.private));
    assert_eq!(response.status, 200, "each client has its own ids: {response:?}");
}

/// F8: A record of a used assertion is stored for longer than the assertion is accepted.
#[test]
fn a_used_assertion_is_recorded_until_it_has_expired() {
    let (admin, client, key) = setup();
    assert_eq!(key.request_token(&admin.app, &client.id).status, 200);
    let left = admin.database.lines(
        "SELECT (expires_at > now() + interval '330 seconds')::text AS line FROM clients.used_assertions",
    );
    assert_eq!(left, ["true"]);
    let scope = format!("{}&scope=profile", assertion_form(&key.assertion(&client.id)));
    assert_oauth_error(&post_token(&admin.app, None, &scope), 400, "invalid_scope");
    let count = "SELECT count(*)::text AS line FROM clients.used_assertions";
    assert_eq!(
        admin.database.lines(count),
        ["1"],
        "a request without effect uses none"
    );
}

/// F8: Wrong claims are rejected: audience, issuer, subject, times and ids.
#[test]
fn wrong_claims_are_rejected() {
    let (admin, client, key) = setup();
    let other = MachineClient::create(&admin, "rates:write");
    let now = clock::now().timestamp();
    for (name, value) in [
        ("aud", json!("https://other.example/oauth/token")),
        ("aud", json!("portcullis")),
        ("aud", json!([ENDPOINT, "https://other.example"])),
        ("aud", json!([])),
        ("aud", json!("")),
        ("aud", json!(format!("{ENDPOINT}/"))),
        ("aud", json!(7)),
        ("iss", json!(other.id)),
        ("iss", json!("portcullis")),
        ("iss", json!([client.id, other.id])),
        ("sub", json!(other.id)),
        ("sub", json!(client.id.to_uppercase())),
        ("sub", json!("1")),
        ("exp", json!(now - 31)),
        ("exp", json!(now + 3700)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(-1)),
        ("exp", json!("never")),
        ("exp", json!(1e300)),
        ("nbf", json!(now + 100)),
        ("iat", json!(now + 100)),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!("x".repeat(257))),
    ] {
        let parts = ClientKey::parts(&client.id).with_claim(name, value.clone());
        assert_rejected(&admin, &format!("{name}: {value}"), &parts.sign(&key.private));
    }
    for name in ["aud", "iss", "sub", "exp", "jti"] {
        let parts = ClientKey::parts(&client.id).without_claim(name);
        assert_rejected(&admin, &format!("without {name}"), &parts.sign(&key.private));
    }
    assert_eq!(key.request_token(&admin.app, &client.id).status, 200);
}

/// F8: Wrong signatures, algorithms and headers are rejected.
#[test]
fn forged_assertions_are_rejected() {
    let (admin, client, key) = setup();
    let parts = ClientKey::parts(&client.id);
    let jwk = key.jwk();
    let mallory = ClientKey::random();
    let of_mallory = MachineClient::create(&admin, "rates:write");
    mallory.add_to(&admin, &of_mallory.id);
    let hmac_with = |secret: &[u8]| {
        let parts = parts.with_header("alg", json!("HS256"));
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, secret),
            parts.signing_input().as_bytes(),
        );
        parts.signed_by(tag)
    };
    let raw = |name: &str| crate::support::token_forger::decode(jwk[name].as_str().unwrap());
    let point = [&[4][..], &raw("x"), &raw("y")].concat();
    let valid = parts.sign(&key.private);
    let (input, signature) = valid.rsplit_once('.').unwrap();
    let none = |alg: &str| parts.with_header("alg", json!(alg)).signed_by("");
    for (why, assertion) in [
        ("a key of another client", parts.sign(&mallory.private)),
        ("the service's own key", parts.sign(&signing_key())),
        ("HMAC with the point", hmac_with(&point)),
        ("HMAC with the coordinates", hmac_with(&point[1..])),
        ("HMAC with the JWK", hmac_with(jwk.to_string().as_bytes())),
        ("HMAC with the secret", hmac_with(client.secret.as_bytes())),
        ("none", none("none")),
        ("None", none("None")),
        ("no algorithm", none("")),
        ("no signature", parts.signed_by("")),
        ("a zero signature", parts.signed_by([0; 64])),
        ("a short signature", parts.signed_by([1; 32])),
        (
            "a changed signature",
            format!("{input}.{}", signature.chars().rev().collect::<String>()),
        ),
        (
            "another algorithm",
            parts.with_header("alg", json!("ES384")).sign(&key.private),
        ),
        (
            "RS256",
            parts.with_header("alg", json!("RS256")).sign(&key.private),
        ),
        (
            "its own key",
            parts.with_header("jwk", mallory.jwk()).sign(&mallory.private),
        ),
        (
            "a link to a key",
            parts
                .with_header("jku", json!("https://keys.example"))
                .sign(&key.private),
        ),
        (
            "a certificate",
            parts
                .with_header("x5u", json!("https://keys.example"))
                .sign(&key.private),
        ),
        (
            "crit",
            parts.with_header("crit", json!(["exp"])).sign(&key.private),
        ),
        ("b64", parts.with_header("b64", json!(false)).sign(&key.private)),
        ("zip", parts.with_header("zip", json!("DEF")).sign(&key.private)),
        (
            "the type of an access token",
            parts.with_header("typ", json!("at+jwt")).sign(&key.private),
        ),
        ("an access token", client.token(&admin.app)),
        ("a person's access token", admin.token.clone()),
        ("two parts", input.to_owned()),
        ("four parts", format!("{valid}.x")),
        ("not base64url", format!("{input}.%2B%2B")),
        ("a word", "x".to_owned()),
        (
            "a repeated claim",
            Parts {
                claims: parts.claims.replacen('{', "{\"sub\":\"x\",", 1),
                ..parts.clone()
            }
            .sign(&key.private),
        ),
        (
            "a very long assertion",
            parts.with_claim("x", json!("x".repeat(5000))).sign(&key.private),
        ),
    ] {
        assert_rejected(&admin, why, &assertion);
    }
    assert_eq!(
        post_assertion(&admin.app, &valid).status,
        200,
        "the original is valid, and was not used up"
    );
}

/// F8: An expired key, a removed one, and a key of a revoked client authenticate no one.
#[test]
fn a_key_that_ended_authenticates_no_one() {
    let (admin, client, key) = setup();
    let (second, removed) = (ClientKey::random(), ClientKey::random());
    let id = removed.add_to(&admin, &client.id);
    let path = format!("{}/keys/{id}", client.path());
    assert_eq!(
        crate::support::app::send(admin.request("DELETE", &path)).status,
        204
    );
    assert_rejected(&admin, "a removed key", &removed.assertion(&client.id));
    let id = second.add_to(&admin, &client.id);
    assert_eq!(second.request_token(&admin.app, &client.id).status, 200);
    admin.execute(&format!(
        "UPDATE clients.credentials SET expires_at = now() WHERE id = '{id}'"
    ));
    assert_rejected(&admin, "an expired key", &second.assertion(&client.id));
    assert_eq!(key.request_token(&admin.app, &client.id).status, 200);
    admin.execute("UPDATE clients.clients SET revoked_at = now()");
    assert_rejected(&admin, "a revoked client", &key.assertion(&client.id));
}

/// F8: A request with two methods, or with half of one, is `invalid_request`.
#[test]
fn a_request_uses_one_method() {
    let (admin, client, key) = setup();
    let own = Some((client.id.as_str(), client.secret.as_str()));
    let assertion = key.assertion(&client.id);
    let both = post_token(&admin.app, own, &assertion_form(&assertion));
    assert_oauth_error(&both, 400, "invalid_request");
    for form in [
        format!("grant_type=client_credentials&client_assertion={assertion}"),
        format!("grant_type=client_credentials&client_assertion={assertion}&client_assertion_type=saml"),
        "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer".to_owned(),
        format!("{}&client_assertion=x", assertion_form(&assertion)),
        format!("{}&client_id=67e55044-10b1-426f-9247-bb680e5fe0c8", assertion_form(&assertion)),
        format!("{}&client_id=x", assertion_form(&assertion)),
    ] {
        assert_oauth_error(&post_token(&admin.app, None, &form), 400, "invalid_request");
    }
    let wrong = "grant_type=client_credentials&client_id=67e55044-10b1-426f-9247-bb680e5fe0c8";
    assert_oauth_error(&post_token(&admin.app, own, wrong), 400, "invalid_request");
    let right = format!("grant_type=client_credentials&client_id={}", client.id);
    assert_eq!(post_token(&admin.app, own, &right).status, 200);
    assert_eq!(
        post_assertion(&admin.app, &assertion).status,
        200,
        "it was not used up"
    );
}

/// F8: Only public keys for ES256 are registered, each once, two of them at the same time.
#[test]
fn only_public_keys_are_registered() {
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, "rates:write");
    let path = format!("{}/keys", client.path());
    let add = |body: &Value| crate::support::accounts::call_as(&admin.app, &admin.token, "POST", &path, body);
    let key = ClientKey::random();
    let with = |name: &str, value: Value| {
        let mut jwk = key.jwk();
        jwk[name] = value;
        jwk
    };
    for (body, field) in [
        (with("d", json!(encode([1; 32]))), "body:d"),
        (with("k", json!("x")), "body:k"),
        (with("kty", json!("RSA")), "body:kty"),
        (with("kty", json!("oct")), "body:kty"),
        (with("crv", json!("P-384")), "body:crv"),
        (with("alg", json!("HS256")), "body:alg"),
        (with("use", json!("enc")), "body:use"),
        (with("x", json!(encode([0; 32]))), "body:x"),
        (with("x", json!(encode([0xff; 32]))), "body:x"),
        (with("x", json!(encode([1; 31]))), "body:x"),
        (with("y", json!("")), "body:y"),
        (with("y", json!("=".repeat(43))), "body:y"),
        (with("lifetime_days", json!(0)), "body:lifetime_days"),
    ] {
        assert_eq!(add(&body).fields(400), [field], "{body}");
    }
    assert_eq!(
        add(&json!({})).fields(400),
        ["body:kty", "body:crv", "body:x", "body:y"]
    );
    let mut whole = key.jwk();
    whole["alg"] = json!("ES256");
    whole["use"] = json!("sig");
    whole["kid"] = json!("2026");
    assert_eq!(add(&whole).status, 201);
    assert_eq!(
        add(&whole).problem(409)["type"],
        "urn:portcullis:problem:key-exists"
    );
    assert_eq!(add(&ClientKey::random().jwk()).status, 201);
    let third = add(&ClientKey::random().jwk());
    assert_eq!(
        third.problem(409)["type"],
        "urn:portcullis:problem:too-many-credentials"
    );
    assert_eq!(client.add_secret(&admin).1.len(), 43, "secrets are counted apart");
}
