//! Redacts secrets from everything that is stored: those of the run by value, others by their format. Never reveals which
//! secret was found.

pub mod artifact_scan;
mod token_patterns;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

const REDACTED: &str = "[redacted]";

/// Shorter values occur by accident.
const MIN_LENGTH: usize = 8;

#[derive(Debug, Clone, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    pub fn of(secrets: impl IntoIterator<Item = String>) -> Redactor {
        let secrets = secrets.into_iter();
        let mut secrets: Vec<String> = secrets.filter(|secret| secret.len() >= MIN_LENGTH).collect();
        // The longest first, because one may contain another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Redactor { secrets }
    }

    /// Whether the bytes contain a secret of the run as it is.
    pub fn contains_plain(&self, bytes: &[u8]) -> bool {
        let contains = |secret: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
        self.secrets.iter().any(|secret| contains(secret.as_bytes()))
    }

    /// The text with every secret of the run, and everything in the format of a token, replaced.
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret, REDACTED);
        }
        token_patterns::without(&text, REDACTED)
    }

    /// Whether the bytes contain a secret, plain or in the encoding of JSON, XML, HTML, a URL or base64.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        // In a binary file, each byte counts as a character.
        let text: String = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) if self.contains_plain(bytes) => return true,
            Err(_) => bytes.iter().copied().map(char::from).collect(),
        };
        let contains = |secret: &String| encodings(secret).iter().any(|encoded| text.contains(encoded));
        self.secrets.iter().any(contains) || token_patterns::without(&text, REDACTED) != text
    }
}

fn encodings(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let markup = |numeric: bool| -> String {
        let escape = |character: char| match (character, numeric) {
            ('&' | '<' | '>' | '"' | '\'', true) => format!("&#{};", u32::from(character)),
            ('&', false) => "&amp;".to_owned(),
            ('<', false) => "&lt;".to_owned(),
            ('>', false) => "&gt;".to_owned(),
            ('"', false) => "&quot;".to_owned(),
            _ => character.to_string(),
        };
        secret.chars().map(escape).collect()
    };
    let mut all = vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        markup(true),
        markup(false),
        percent_encoded(secret),
    ];
    // In base64 a secret has three forms, by its offset in a group of three bytes. The first and the last character depend
    // on the neighbouring bytes, so only whole groups are compared.
    for offset in 0..3 {
        let shifted = [&[0; 3][..offset], secret.as_bytes()].concat();
        let start = if offset == 0 { 0 } else { 3 };
        let groups = &shifted[start..shifted.len() - shifted.len() % 3];
        if groups.len() >= 6 {
            all.push(STANDARD.encode(groups));
            all.push(URL_SAFE_NO_PAD.encode(groups));
        }
    }
    all
}

/// RFC 3986: every byte but those of unreserved characters is escaped.
pub fn percent_encoded(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_tokens_are_redacted_and_nothing_else() {
        let redactor = Redactor::of(["hunter2hunter2".into(), "short".into()]);
        let jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
        let text = format!("a {jwt}, b=hunter2hunter2; short eyJ eyJust.a.word");
        assert_eq!(
            redactor.clean(&text),
            "a [redacted], b=[redacted]; short eyJ eyJust.a.word"
        );
    }

    #[test]
    fn a_secret_is_found_in_every_encoding() {
        let secret = "p<ss\"w&rd/9";
        let redactor = Redactor::of([secret.to_owned()]);
        for text in [
            "a p<ss\"w&rd/9 b".to_owned(),
            serde_json::json!({ "a": secret }).to_string(),
            "<p>p&#60;ss&#34;w&#38;rd/9</p>".to_owned(),
            "<p>p&lt;ss&quot;w&amp;rd/9</p>".to_owned(),
            "?q=p%3Css%22w%26rd%2F9".to_owned(),
            format!("Basic {}", STANDARD.encode(format!("ann:{secret}"))),
            format!("Basic {}", STANDARD.encode(format!("jo:{secret}!"))),
            URL_SAFE_NO_PAD.encode(secret),
        ] {
            assert!(redactor.is_in(text.as_bytes()), "{text}");
        }
        assert!(redactor.is_in(&[b"\xff\xfe", secret.as_bytes()].concat()));
        assert!(!redactor.is_in(b"p<ss, w&rd, and eyJ"));
    }
}
