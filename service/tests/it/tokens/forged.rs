//! Forged tokens: every known attack on the signature and the key selection of a JWT, over a socket.

use crate::support::app::send;
use crate::support::forgery_target::ForgeryTarget;
use crate::support::token_forger::{Parts, decode, encode, signing_key};
use aws_lc_rs::hmac;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{EncodePublicKey, LineEnding};
use serde_json::{Value, json};

fn attacker_key() -> SigningKey {
    SigningKey::from_slice(&[0x42; 32]).unwrap()
}

fn attacker_jwk() -> Value {
    let point = attacker_key().verifying_key().to_encoded_point(false);
    json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "mine",
        "x": encode(point.x().unwrap()), "y": encode(point.y().unwrap()),
    })
}

/// F5: `alg: none` in any spelling is rejected.
#[test]
fn alg_none_is_rejected() {
    let target = ForgeryTarget::new();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let parts = target.parts.with_header("alg", json!(alg));
        target.assert_rejected(&parts.signed_by(""), &format!("alg {alg}, no signature"));
        target.assert_rejected(
            &parts.sign(&signing_key()),
            &format!("alg {alg}, valid signature"),
        );
        target.assert_rejected(&parts.signing_input(), &format!("alg {alg}, two parts"));
    }
}

/// F5: Blank signatures (CVE-2022-21449), other encodings and trailing data are rejected.
#[test]
fn a_malformed_signature_is_rejected() {
    let target = ForgeryTarget::new();
    let good: Signature = signing_key().sign(target.parts.signing_input().as_bytes());
    let (bytes, der) = (good.to_bytes(), good.to_der());
    let order = decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
    let r_only = [&bytes[..32], &[0; 32]].concat();
    let s_only = [&[0; 32], &bytes[32..]].concat();
    for (attack, signature) in [
        ("blank", &[][..]),
        ("all zeros", &[0; 64]),
        ("all ones", &[0xff; 64]),
        ("zero s", &r_only),
        ("zero r", &s_only),
        ("the group order twice", &order.repeat(2)),
        ("DER", der.as_bytes()),
        ("truncated", &bytes[..63]),
        ("trailing byte", &[&bytes[..], &[0]].concat()),
        ("twice", &[bytes, bytes].concat()),
    ] {
        target.assert_rejected(&target.parts.signed_by(signature), attack);
    }
    // The last character of an encoded signature has four unused bits. They must be zero, or a token has 16 spellings.
    let token = target.parts.sign(&signing_key());
    let last = token.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    target.assert_rejected(&format!("{}{next}", &token[..token.len() - 1]), "spare bits");
    for (attack, token) in [
        ("padding", format!("{token}==")),
        ("a trailing part", format!("{token}.e30")),
        ("a trailing dot", format!("{token}.")),
        ("a leading part", format!("e30.{token}")),
        ("a space inside", token.replacen('.', ". ", 1)),
    ] {
        target.assert_rejected(&token, attack);
    }
}

/// F5: Tokens with an HMAC under the public key, or under any other algorithm than ES256, are rejected.
#[test]
fn hmac_with_the_public_key_is_rejected() {
    let target = ForgeryTarget::new();
    let public = *signing_key().verifying_key();
    let pem = public.to_public_key_pem(LineEnding::LF).unwrap();
    let der = public.to_public_key_der().unwrap();
    let jwks = send(target.app.request("GET", "/.well-known/jwks.json"));
    let jwk = jwks.json()["keys"][0].to_string();
    let point = public.to_encoded_point(false);
    let kid = target.parts.header()["kid"].as_str().unwrap().to_owned();
    for (alg, algorithm) in [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("HS512", hmac::HMAC_SHA512),
    ] {
        for (what, secret) in [
            ("PEM", pem.as_bytes()),
            ("PEM without final line end", pem.trim_end().as_bytes()),
            ("DER", der.as_bytes()),
            ("JWK", jwk.as_bytes()),
            ("JWK set", &jwks.body),
            ("point", point.as_bytes()),
            ("x", point.x().unwrap()),
            ("kid", kid.as_bytes()),
            ("empty", b""),
            ("a word", b"secret"),
        ] {
            let parts = target.parts.with_header("alg", json!(alg));
            let key = hmac::Key::new(algorithm, secret);
            let token = parts.signed_by(hmac::sign(&key, parts.signing_input().as_bytes()));
            target.assert_rejected(&token, &format!("{alg} with {what}"));
        }
    }
    for alg in [
        "ES384", "ES512", "ES256K", "RS256", "PS256", "EdDSA", "es256", "A128KW", "dir",
    ] {
        let parts = target.parts.with_header("alg", json!(alg));
        target.assert_rejected(&parts.sign(&signing_key()), alg);
    }
}

/// F5: A key in the token, or at a URL that it names, is not used.
#[test]
fn a_key_named_by_the_token_is_not_used() {
    let target = ForgeryTarget::new();
    let url = format!("http://{}/.well-known/jwks.json", target.app.address);
    let certificate = encode([0x30, 0x03, 0x02, 0x01, 0x00]);
    for (name, value) in [
        ("jwk", attacker_jwk()),
        ("jku", json!("https://evil.example/jwks.json")),
        ("jku", json!(url)),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!([certificate])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
        ("cty", json!("JWT")),
        ("anything", json!(1)),
    ] {
        let parts = target.parts.with_header(name, value);
        target.assert_rejected(
            &parts.sign(&attacker_key()),
            &format!("{name}, signed by the attacker"),
        );
        // The service never issues this parameter, so it is rejected even with a valid signature.
        target.assert_rejected(&parts.sign(&signing_key()), &format!("{name}, validly signed"));
    }
    target.assert_rejected(&target.parts.sign(&attacker_key()), "signed by the attacker");
}

/// F5: A key ID that is a path, a query, a command or a URL is rejected.
#[test]
fn a_hostile_kid_is_rejected() {
    let target = ForgeryTarget::new();
    let own = target.parts.header()["kid"].as_str().unwrap().to_owned();
    let empty = hmac::Key::new(hmac::HMAC_SHA256, b"");
    for kid in [
        json!("../../../../dev/null"),
        json!("/dev/null"),
        json!("/proc/self/environ"),
        json!("x' UNION SELECT 'secret' --"),
        json!("' OR '1'='1"),
        json!("| sleep 10"),
        json!("https://evil.example/key"),
        json!("mine"),
        json!(""),
        json!(" "),
        json!(format!("{own} ")),
        json!(format!("{own}\0")),
        json!(own.to_uppercase() + "A"),
        json!("A".repeat(2000)),
        json!(0),
        json!(null),
        json!([own]),
        json!({"kid": own}),
    ] {
        let parts = target.parts.with_header("kid", kid.clone());
        target.assert_rejected(&parts.sign(&signing_key()), &format!("kid {kid}"));
        target.assert_rejected(
            &parts.sign(&attacker_key()),
            &format!("kid {kid}, signed by the attacker"),
        );
        let symmetric = parts.with_header("alg", json!("HS256"));
        let mac = hmac::sign(&empty, symmetric.signing_input().as_bytes());
        target.assert_rejected(&symmetric.signed_by(mac), &format!("kid {kid}, empty secret"));
    }
    let mut header = target.parts.header();
    header.as_object_mut().unwrap().remove("kid");
    let parts = Parts {
        header: header.to_string(),
        ..target.parts.clone()
    };
    target.assert_rejected(&parts.sign(&signing_key()), "no kid");
}
