//! Searches texts for secrets: for all of them at once, because a test process records thousands.

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::BTreeSet;

/// Number of [`encodings`].
const ENCODINGS: usize = 5;

/// A search for these secrets.
pub struct SecretSearch<'a> {
    secrets: Vec<&'a str>,
    automaton: AhoCorasick,
}

impl<'a> SecretSearch<'a> {
    /// Prepares the search.
    pub fn new(secrets: &'a BTreeSet<String>) -> Self {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let automaton = AhoCorasick::new(secrets.iter().flat_map(|secret| encodings(secret))).unwrap();
        Self { secrets, automaton }
    }

    /// Checks that the texts hold none of the secrets; a failure names the line, not the secret.
    pub fn assert_none_in(&self, what: &str, texts: &[String]) {
        for (number, text) in texts.iter().enumerate() {
            let Some(found) = self.automaton.find(text) else {
                continue;
            };
            let secret = self.secrets[found.pattern().as_usize() / ENCODINGS];
            let shown: String = secret.chars().take(3).collect();
            let masked = text.replace(&text[found.range()], "***");
            panic!("{what}, line {number}: holds {shown}…: {masked}");
        }
    }
}

/// Checks that the texts hold none of the secrets.
pub fn assert_no_secret_in(what: &str, texts: &[String], secrets: &BTreeSet<String>) {
    SecretSearch::new(secrets).assert_none_in(what, texts);
}

/// Whether a text holds a secret in one of its encodings.
pub fn holds(text: &str, secret: &str) -> bool {
    encodings(secret).iter().any(|encoding| text.contains(encoding))
}

/// A secret verbatim, escaped as in JSON, in hexadecimal as PostgreSQL shows bytea, in base64, and percent-encoded.
fn encodings(secret: &str) -> [String; ENCODINGS] {
    let quoted = Value::from(secret).to_string();
    [
        secret.to_owned(),
        quoted.trim_matches('"').to_owned(),
        hex::encode(secret),
        STANDARD_NO_PAD.encode(secret),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
    ]
}

#[test]
fn a_secret_is_found_in_each_encoding() {
    let secrets: BTreeSet<String> = ["pass \"word\"", "another secret"].map(str::to_owned).into();
    let search = SecretSearch::new(&secrets);
    search.assert_none_in("test", &["pass word and an other secret".to_owned()]);
    for encoding in secrets.iter().flat_map(|secret| encodings(secret)) {
        let texts = ["nothing".to_owned(), format!("a line with {encoding} in it")];
        let found = std::panic::catch_unwind(|| search.assert_none_in("test", &texts));
        assert!(found.is_err(), "{encoding}");
    }
}
