//! Tokens with a valid signature and wrong claims.

use crate::support::app::send;
use crate::support::forgery_target::ForgeryTarget;
use crate::support::token_forger::{Parts, signing_key};
use serde_json::{Value, json};

/// F5: A token with changed claims and its former signature is rejected.
#[test]
fn changed_claims_invalidate_the_signature() {
    let target = ForgeryTarget::new();
    let token = target.parts.sign(&signing_key());
    let signature = token.rsplit_once('.').unwrap().1;
    for (name, value) in [
        ("admin", json!(true)),
        ("sub", json!("1")),
        ("exp", json!(4_000_000_000_i64)),
    ] {
        let changed = target.parts.with_claim(name, value.clone());
        if changed.claims() != target.parts.claims() {
            target.assert_rejected(&format!("{}.{signature}", changed.signing_input()), name);
        }
    }
    // Equivalent JSON, but not the signed bytes.
    let spaced = Parts {
        claims: target.parts.claims.replacen(':', ": ", 1),
        ..target.parts.clone()
    };
    target.assert_rejected(&format!("{}.{signature}", spaced.signing_input()), "one space");
}

/// F5, F3: A correctly signed token with a wrong type, issuer, audience, lifetime, session or subject is rejected.
#[test]
fn a_signed_token_with_wrong_claims_is_rejected() {
    let target = ForgeryTarget::new();
    let typ = |value: Value| target.parts.with_header("typ", value);
    let claim = |name, value| target.parts.with_claim(name, value);
    let text = |claims: String| Parts {
        claims,
        ..target.parts.clone()
    };
    let claims = &target.parts.claims;
    let open = claims.strip_suffix('}').unwrap();
    let cases = [
        ("typ JWT", typ(json!("JWT"))),
        ("typ of a logout token", typ(json!("logout+jwt"))),
        ("typ null", typ(json!(null))),
        (
            "another environment",
            claim("iss", json!("https://staging.example")),
        ),
        ("no issuer", target.parts.without_claim("iss")),
        ("two issuers", claim("iss", json!(["http://127.0.0.1:3000"]))),
        ("another audience", claim("aud", json!("billing"))),
        ("no audience", target.parts.without_claim("aud")),
        ("two audiences", claim("aud", json!(["portcullis", "billing"]))),
        ("no exp", target.parts.without_claim("exp")),
        ("exp as a string", claim("exp", json!("4000000000"))),
        ("exp with a fraction", claim("exp", json!(4e9 + 0.5))),
        ("negative exp", claim("exp", json!(-1))),
        ("exp out of range", claim("exp", json!(u64::MAX))),
        ("no nbf", target.parts.without_claim("nbf")),
        ("no session", target.parts.without_claim("sid")),
        (
            "an unknown session",
            claim("sid", json!(uuid::Uuid::new_v4().to_string())),
        ),
        ("a path as session", claim("sid", json!("../x"))),
        ("another subject", claim("sub", json!("999"))),
        ("no subject", target.parts.without_claim("sub")),
        ("exp repeated", text(format!("{open},\"exp\":4000000000}}"))),
        ("sub repeated", text(format!("{open},\"sub\":\"1\"}}"))),
        ("data after the claims", text(format!("{claims}{{}}"))),
        ("an array", text(format!("[{claims}]"))),
        ("a string", text("\"claims\"".into())),
        ("empty claims", text(String::new())),
        ("an open brace", text("{".into())),
        ("deep nesting", text("[".repeat(3000))),
    ];
    for (attack, parts) in cases {
        target.assert_rejected(&parts.sign(&signing_key()), attack);
    }
    let repeated = target.parts.header.replacen('{', "{\"alg\":\"ES256\",", 1);
    let repeated = Parts {
        header: repeated,
        ..target.parts.clone()
    };
    target.assert_rejected(&repeated.sign(&signing_key()), "alg repeated");
}

/// F5: An oversized token is rejected.
#[test]
fn an_oversized_token_is_rejected() {
    let target = ForgeryTarget::new();
    let padded = target.parts.with_claim("padding", json!("x".repeat(8000)));
    target.assert_rejected(&padded.sign(&signing_key()), "claims of 8,000 bytes");
    let beyond = "A".repeat(40_000);
    let response = send(target.app.request("POST", "/validate").bearer_auth(&beyond));
    assert!(matches!(response.status, 401 | 431), "{}", response.status);
}
