//! Weak secrets: the service does not start with them, and names the setting, never the value.

use crate::support::database::{Database, token_keys};
use crate::support::program::{run, stderr, stdout};
use crate::support::temp_file::TempFile;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as URL};
use p256::SecretKey;
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use portcullis::crypto::data_key_document::DataKeyDocument;
use portcullis::types::clock;
use serde_json::{Value, json};

/// The error of `serve` with this secret, given as a value and as a file.
fn error_of(name: &str, secret: &str) -> String {
    let database = Database::not_created();
    let file = TempFile::new("secret", secret);
    let mut error = String::new();
    for (name_given, value) in [
        (name.to_owned(), secret),
        (format!("{name}_FILE"), file.path_str()),
    ] {
        let mut pairs = database.pairs();
        pairs.retain(|(known, _)| known != name);
        pairs.push((name_given, value.to_owned()));
        let output = run(&["serve"], &pairs);
        error = stderr(&output);
        assert_eq!(output.status.code(), Some(78), "{name}: {error}");
        assert!(
            error.starts_with(&format!("portcullis: PORTCULLIS_{name}")),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
        let output = error.clone() + &stdout(&output);
        let parts = secret.split(|c: char| !c.is_ascii_alphanumeric());
        for part in parts.filter(|part| part.len() >= 16) {
            assert!(
                !output.contains(part),
                "the output holds the value of {name}: {output}"
            );
        }
    }
    error
}

/// F7: A data key that is short, not random or publicly known ends the program with code 78.
#[test]
fn a_weak_data_key_ends_with_78() {
    let counting: Vec<u8> = (0..64).collect();
    for (weak, reason) in [
        ("changeme".to_owned(), "32 random bytes"),
        ("secretsecretsecretsecretsecretse".to_owned(), "32 random bytes"),
        (STANDARD.encode([0x5a; 31]), "32 random bytes"),
        ("a1b2c3d4".repeat(7), "32 random bytes"),
        (
            "not base64 but long enough to be a key of some kind, is it not?".to_owned(),
            "32 random bytes",
        ),
        (
            "correcthorsebatterystaplecorrecthorsebattery".to_owned(),
            "not random",
        ),
        (STANDARD.encode([0; 32]), "not random"),
        (STANDARD.encode([0xab; 64]), "not random"),
        ("0123456789abcdef".repeat(4), "not random"),
        (STANDARD.encode(&counting), "not random"),
        (
            STANDARD.encode("this is a passphrase and no random key"),
            "not random",
        ),
    ] {
        let error = error_of("DATA_KEY", &weak);
        assert!(error.contains(reason), "{weak}: {error}");
    }
}

/// The tests' signing keys after a change.
fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut document: Value = serde_json::from_str(token_keys()).unwrap();
    change(&mut document);
    document.to_string()
}

/// The tests' signing keys with the first one replaced.
fn with_pem(pem: &str) -> String {
    changed(|document| document["keys"][0]["pem"] = json!(pem))
}

/// The tests' signing keys with the private key of this scalar.
fn with_scalar(scalar: [u8; 32]) -> String {
    let key = SecretKey::from_slice(&scalar).unwrap();
    with_pem(&key.to_pkcs8_pem(LineEnding::LF).unwrap())
}

/// F7, F5: Signing keys that are malformed, of another algorithm than ES256 or publicly known end the program with code 78.
#[test]
fn weak_or_malformed_signing_keys_end_with_78() {
    // The example keys of RFC 7515 A.3 and of jwt.io.
    let rfc = URL.decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").unwrap();
    let jwt_io = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+j\
               n65BtOMvdyHKcvjBeBSDZH2r1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G";
    let one = std::array::from_fn(|index| u8::from(index == 31));
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let p384 = pem::Pem::new("PRIVATE KEY", p384.to_pkcs8v1().unwrap().as_ref());
    let later = "2999-01-01T00:00:00Z";
    let cases = [
        ("secretsecretsecretsecretsecretsecret".to_owned(), "no document"),
        ("[]".to_owned(), "no document"),
        ("{}".to_owned(), "no document"),
        (changed(|document| document["more"] = json!(1)), "no document"),
        (changed(|document| document["keys"] = json!([])), "no key signs"),
        (
            changed(|document| document["keys"][0]["sign_from"] = json!(later)),
            "no key signs",
        ),
        (
            changed(|document| document["keys"][0]["verify_until"] = json!(later)),
            "the last key expires",
        ),
        (
            changed(|document| document["keys"][0]["alg"] = json!("HS256")),
            "key 1 is not an ES256",
        ),
        (
            changed(|document| document["keys"][0]["alg"] = json!("none")),
            "key 1 is not an ES256",
        ),
        (
            changed(|document| document["keys"][0]["kid"] = json!("../../dev/null")),
            "key 1 has a duplicate",
        ),
        (
            changed(|document| document["keys"][0]["kid"] = json!("")),
            "key 1 has a duplicate",
        ),
        (
            changed(|document| {
                let first = document["keys"][0].clone();
                document["keys"].as_array_mut().unwrap().push(first);
            }),
            "key 2 has a duplicate",
        ),
        (with_pem("secret"), "key 1 is not an ES256"),
        (with_pem(&pem::encode(&p384)), "key 1 is not an ES256"),
        (with_scalar(rfc.try_into().unwrap()), "publicly known"),
        (with_scalar(one), "publicly known"),
        (with_scalar([0x11; 32]), "publicly known"),
        (
            with_scalar(*b"a secret that somebody has typed"),
            "publicly known",
        ),
        (
            with_pem(&format!(
                "-----BEGIN PRIVATE KEY-----\n{jwt_io}\n-----END PRIVATE KEY-----\n"
            )),
            "publicly known",
        ),
    ];
    for (weak, reason) in cases {
        let error = error_of("TOKEN_KEYS", &weak);
        assert!(
            error.contains(&reason.replace("no document", "not a key document")),
            "{reason}: {error}"
        );
    }
}

/// E21, F7: A document of data keys with a weak, damaged or repeated key ends the program with code 78.
#[test]
fn an_invalid_document_of_data_keys_ends_with_78() {
    let mut document = DataKeyDocument::generate(clock::now()).unwrap();
    document.rotate(clock::now(), chrono::Duration::zero()).unwrap();
    let with = |change: fn(&mut DataKeyDocument)| {
        let mut changed = document.clone();
        change(&mut changed);
        changed.to_text()
    };
    for (text, reason) in [
        ("{}".to_owned(), "is not a document of data keys"),
        (
            with(|document| document.keys.clear()),
            "is not a document of data keys",
        ),
        (
            with(|document| document.keys[0].key = "ab".repeat(32)),
            "data key 1 is not random",
        ),
        (
            with(|document| document.keys[1].key = STANDARD.encode([7; 9])),
            "data key 2 must be at least 32",
        ),
        (with(|document| document.keys.swap(0, 1)), ""),
        (
            with(|document| document.keys[1].kid.push('0')),
            "data key 2 has a duplicate id",
        ),
        (
            with(|document| document.keys[1] = document.keys[0].clone()),
            "data key 2 has a duplicate id",
        ),
    ] {
        if reason.is_empty() {
            assert!(DataKeyDocument::parse(&text).is_ok(), "the order is free");
        } else {
            let error = error_of("DATA_KEY", &text);
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }
}

/// F7: A missing secret ends the program with code 78 and the name of the setting.
#[test]
fn a_missing_secret_is_named() {
    for name in ["DATA_KEY", "TOKEN_KEYS"] {
        let mut pairs = Database::not_created().pairs();
        pairs.retain(|(known, _)| known != name);
        let output = run(&["serve"], &pairs);
        assert_eq!(output.status.code(), Some(78));
        assert!(stderr(&output).contains(&format!("PORTCULLIS_{name}: is not set")));
        let file = TempFile::new("secret", "");
        let missing = format!("{}/missing", file.path_str());
        pairs.push((format!("{name}_FILE"), missing.clone()));
        let output = run(&["serve"], &pairs);
        assert_eq!(output.status.code(), Some(78));
        assert!(stderr(&output).contains(&format!("PORTCULLIS_{name}_FILE: cannot read {missing}")));
    }
}
