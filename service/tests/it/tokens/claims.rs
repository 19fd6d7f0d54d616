//! Tokens whose signature may be ours and whose claims are not those of a good token of this service.
use crate::support::app::send;
use crate::support::forgery_target::ForgeryTarget;
use crate::support::token_forger::{Parts, signing_key};
use serde_json::{Value, json};

/// F5: what was signed is what counts.
#[test]
fn a_changed_payload_needs_a_new_signature() {
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
    // Not the bytes that were signed, though they mean the same.
    let spaced = Parts {
        claims: target.parts.claims.replacen(':', ": ", 1),
        ..target.parts.clone()
    };
    target.assert_rejected(&format!("{}.{signature}", spaced.signing_input()), "one space");
}

/// F5, F3: signed by us, and still not a token for this service.
#[test]
fn a_token_of_another_kind_issuer_or_audience_is_refused() {
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
        ("no end", target.parts.without_claim("exp")),
        ("an end that is a text", claim("exp", json!("4000000000"))),
        ("an end that is a fraction", claim("exp", json!(4e9 + 0.5))),
        ("an end before all time", claim("exp", json!(-1))),
        ("an end after all time", claim("exp", json!(u64::MAX))),
        ("no beginning", target.parts.without_claim("nbf")),
        ("no session", target.parts.without_claim("sid")),
        (
            "an unknown session",
            claim("sid", json!(uuid::Uuid::new_v4().to_string())),
        ),
        ("a session that is a path", claim("sid", json!("../x"))),
        ("somebody else", claim("sub", json!("999"))),
        ("nobody", target.parts.without_claim("sub")),
        ("the end twice", text(format!("{open},\"exp\":4000000000}}"))),
        ("the subject twice", text(format!("{open},\"sub\":\"1\"}}"))),
        ("something behind the claims", text(format!("{claims}{{}}"))),
        ("an array", text(format!("[{claims}]"))),
        ("a text", text("\"claims\"".into())),
        ("nothing", text(String::new())),
        ("an open brace", text("{".into())),
        ("deep nesting", text("[".repeat(3000))),
    ];
    for (attack, parts) in cases {
        target.assert_rejected(&parts.sign(&signing_key()), attack);
    }
    let doubled = target.parts.header.replacen('{', "{\"alg\":\"ES256\",", 1);
    let doubled = Parts {
        header: doubled,
        ..target.parts.clone()
    };
    target.assert_rejected(&doubled.sign(&signing_key()), "alg twice");
}

/// F5: nothing is reflected, and nothing is slow.
#[test]
fn a_huge_token_is_refused_before_it_is_read() {
    let target = ForgeryTarget::new();
    let padded = target.parts.with_claim("padding", json!("x".repeat(8000)));
    target.assert_rejected(&padded.sign(&signing_key()), "claims of 8,000 bytes");
    let beyond = "A".repeat(40_000);
    let response = send(target.app.request("POST", "/validate").bearer_auth(&beyond));
    assert!(matches!(response.status, 401 | 431), "{}", response.status);
}
