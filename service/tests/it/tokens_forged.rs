//! Tokens that somebody made who should not have: each attack that is known for JWTs, at the socket.
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::forge::{Parts, decode, encode, own_key, published};
use crate::support::people::{account, log_in};
use aws_lc_rs::hmac;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{EncodePublicKey, LineEnding};
use portcullis::types::role::Role;
use serde_json::{Value, json};

struct Target {
    app: App,
    parts: Parts,
    _database: Database,
}

impl Target {
    fn new() -> Self {
        let database = Database::fresh();
        let app = App::over(&database);
        account(&database, "ann@example.org", Role::Admin);
        let parts = Parts::of(&log_in(&app, "ann@example.org").access);
        let target = Self {
            app,
            parts,
            _database: database,
        };
        // What the tests sign is good if nothing is wrong about it: a refusal below has the reason that it names.
        assert_eq!(target.status(&target.parts.sign(&own_key())), 200);
        target
    }

    fn status(&self, token: &str) -> u16 {
        send(self.app.request("POST", "/validate").bearer_auth(token)).status
    }

    /// Refused with the same words, whatever the attack; as the token of another operation too, and not active.
    fn refuses(&self, token: &str, attack: &str) {
        for (method, path) in [("POST", "/validate"), ("GET", "/admin/audit")] {
            let answer = send(self.app.request(method, path).bearer_auth(token));
            assert_eq!(answer.status, 401, "{attack}: {answer:?}");
            assert_eq!(
                answer.problem(401)["detail"],
                "the access token is not valid",
                "{attack}"
            );
        }
        let asked = self.app.request("POST", "/introspect");
        let asked = asked.bearer_auth(self.parts.sign(&own_key()));
        let form = asked.header("content-type", "application/x-www-form-urlencoded");
        let answer = send(form.body(format!("token={token}")));
        assert_eq!(answer.text(), r#"{"active":false}"#, "{attack}");
    }
}

fn foreign_key() -> SigningKey {
    SigningKey::from_slice(&[0x42; 32]).unwrap()
}

fn foreign_jwk() -> Value {
    let point = foreign_key().verifying_key().to_encoded_point(false);
    json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "mine",
        "x": encode(point.x().unwrap()), "y": encode(point.y().unwrap()),
    })
}

/// F5
#[test]
fn alg_none_is_no_algorithm() {
    let target = Target::new();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let parts = target.parts.with_header("alg", json!(alg));
        target.refuses(&parts.signed_by(""), &format!("alg {alg}, no signature"));
        target.refuses(&parts.sign(&own_key()), &format!("alg {alg}, our signature"));
        target.refuses(&parts.input(), &format!("alg {alg}, two parts"));
    }
}

/// F5: a signature that is none (CVE-2022-21449 and its kind), or not in the one form that JWS has.
#[test]
fn a_signature_is_64_bytes_that_verify() {
    let target = Target::new();
    let good: Signature = own_key().sign(target.parts.input().as_bytes());
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
        ("the order twice", &[order.clone(), order.clone()].concat()),
        ("DER", der.as_bytes()),
        ("cut", &bytes[..63]),
        ("something behind it", &[&bytes[..], &[0]].concat()),
        ("twice", &[bytes, bytes].concat()),
    ] {
        target.refuses(&target.parts.signed_by(signature), attack);
    }
    // The last character of 64 bytes holds four bits that say nothing: they must be zero, or a token had 16 spellings.
    let token = target.parts.sign(&own_key());
    let last = token.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    target.refuses(&format!("{}{next}", &token[..token.len() - 1]), "spare bits");
    for (attack, token) in [
        ("padding", format!("{token}==")),
        ("a part behind it", format!("{token}.e30")),
        ("a dot behind it", format!("{token}.")),
        ("a part before it", format!("e30.{token}")),
        ("a space within", token.replacen('.', ". ", 1)),
    ] {
        target.refuses(&token, attack);
    }
}

/// F5: the public key is no secret.
#[test]
fn hmac_with_the_public_key_is_refused() {
    let target = Target::new();
    let public = *own_key().verifying_key();
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
            ("PEM without its end", pem.trim_end().as_bytes()),
            ("DER", der.as_bytes()),
            ("JWK", jwk.as_bytes()),
            ("JWK set", &jwks.body),
            ("point", point.as_bytes()),
            ("x", point.x().unwrap()),
            ("kid", kid.as_bytes()),
            ("nothing", b""),
            ("a word", b"secret"),
        ] {
            let parts = target.parts.with_header("alg", json!(alg));
            let key = hmac::Key::new(algorithm, secret);
            let token = parts.signed_by(hmac::sign(&key, parts.input().as_bytes()));
            target.refuses(&token, &format!("{alg} with {what}"));
        }
    }
    for alg in [
        "ES384", "ES512", "ES256K", "RS256", "PS256", "EdDSA", "es256", "A128KW", "dir",
    ] {
        let parts = target.parts.with_header("alg", json!(alg));
        target.refuses(&parts.sign(&own_key()), alg);
    }
}

/// F5: keys come from nowhere but our own document.
#[test]
fn a_key_that_the_token_brings_along_or_points_to_is_not_used() {
    let target = Target::new();
    let url = format!("http://{}/.well-known/jwks.json", target.app.address);
    let certificate = encode([0x30, 0x03, 0x02, 0x01, 0x00]);
    for (name, value) in [
        ("jwk", foreign_jwk()),
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
        target.refuses(
            &parts.sign(&foreign_key()),
            &format!("{name}, signed by a stranger"),
        );
        // We never write it: not even our own signature makes it good.
        target.refuses(&parts.sign(&own_key()), &format!("{name}, signed by us"));
    }
    target.refuses(&target.parts.sign(&foreign_key()), "a stranger's signature");
}

/// F5
#[test]
fn a_kid_is_a_name_and_nothing_else() {
    let target = Target::new();
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
        target.refuses(&parts.sign(&own_key()), &format!("kid {kid}"));
        target.refuses(&parts.sign(&foreign_key()), &format!("kid {kid}, a stranger's"));
        let symmetric = parts.with_header("alg", json!("HS256"));
        let mac = hmac::sign(&empty, symmetric.input().as_bytes());
        target.refuses(&symmetric.signed_by(mac), &format!("kid {kid}, empty secret"));
    }
    let mut header = target.parts.header();
    header.as_object_mut().unwrap().remove("kid");
    let parts = Parts {
        header: header.to_string(),
        ..target.parts.clone()
    };
    target.refuses(&parts.sign(&own_key()), "no kid");
}

/// F5: what was signed is what counts.
#[test]
fn a_changed_payload_needs_a_new_signature() {
    let target = Target::new();
    let token = target.parts.sign(&own_key());
    let signature = token.rsplit_once('.').unwrap().1;
    for (name, value) in [
        ("admin", json!(true)),
        ("sub", json!("1")),
        ("exp", json!(4_000_000_000_i64)),
    ] {
        let changed = target.parts.with_claim(name, value.clone());
        if changed.claims() != target.parts.claims() {
            target.refuses(&format!("{}.{signature}", changed.input()), name);
        }
    }
    // Not the bytes that were signed, though they mean the same.
    let spaced = Parts {
        claims: target.parts.claims.replacen(':', ": ", 1),
        ..target.parts.clone()
    };
    target.refuses(&format!("{}.{signature}", spaced.input()), "one space");
}

/// F5, F3: signed by us, and still not a token for this service.
#[test]
fn a_token_of_another_kind_issuer_or_audience_is_refused() {
    let target = Target::new();
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
        target.refuses(&parts.sign(&own_key()), attack);
    }
    let doubled = target.parts.header.replacen('{', "{\"alg\":\"ES256\",", 1);
    let doubled = Parts {
        header: doubled,
        ..target.parts.clone()
    };
    target.refuses(&doubled.sign(&own_key()), "alg twice");
}

/// F5: nothing is reflected, and nothing is slow.
#[test]
fn a_huge_token_is_refused_before_it_is_read() {
    let target = Target::new();
    let padded = target.parts.with_claim("padding", json!("x".repeat(8000)));
    target.refuses(&padded.sign(&own_key()), "claims of 8,000 bytes");
    let beyond = "A".repeat(40_000);
    let answer = send(target.app.request("POST", "/validate").bearer_auth(&beyond));
    assert!(matches!(answer.status, 401 | 431), "{}", answer.status);
    assert_eq!(published(&target.app).len(), 1);
}
