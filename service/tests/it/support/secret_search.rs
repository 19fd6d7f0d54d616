//! Searches texts for secrets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::BTreeSet;

/// Checks that the texts hold none of the secrets; a failure names the line, not the secret.
pub fn assert_no_secret_in(what: &str, texts: &[String], secrets: &BTreeSet<String>) {
    for (number, text) in texts.iter().enumerate() {
        for secret in secrets {
            let shown = secret.chars().take(3).collect::<String>();
            assert!(
                !holds(text, secret),
                "{what}, line {number}: holds {shown}…: {}",
                text.replace(secret.as_str(), "***")
            );
        }
    }
}

/// Whether a text holds a secret: verbatim, escaped as in JSON, in hexadecimal as PostgreSQL shows bytea, in base64, or
/// percent-encoded.
pub fn holds(text: &str, secret: &str) -> bool {
    let quoted = Value::from(secret).to_string();
    let bytes: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let base64 = STANDARD_NO_PAD.encode(secret);
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let encodings = [secret, quoted.trim_matches('"'), &bytes, &base64, &percent];
    encodings.iter().any(|encoding| text.contains(encoding))
}
