//! ResourceClass secrets out of whatever is kept: those of this run by value, others by their shape; never says what it took.

pub mod artifact_scan;
mod token_patterns;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// What stands in a secret's place.
const REDACTED: &str = "[redacted]";

/// Knows the run's secrets.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// ResourceClass these out, besides what has the shape of a token. What is shorter than eight letters is no secret.
    pub fn of(secrets: impl IntoIterator<Item = String>) -> Redactor {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|secret| secret.len() >= 8).collect();
        // The longest first: one may hold another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Redactor { secrets }
    }

    /// Whether a secret of the run stands in these bytes.
    pub fn is_needed(&self, bytes: &[u8]) -> bool {
        self.secrets.iter().any(|secret| {
            bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes())
        })
    }

    /// The text without secrets.
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret, REDACTED);
        }
        token_patterns::without(&text, REDACTED)
    }

    /// Whether a secret stands there: as it is, or as JSON, XML, HTML, a URL or base64 would write it. Never says which.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        // Of what is no text, each byte is a letter.
        let text: String = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) if self.is_needed(bytes) => return true,
            Err(_) => bytes.iter().copied().map(char::from).collect(),
        };
        let holds = |secret: &String| spellings(secret).iter().any(|spelling| text.contains(spelling));
        self.secrets.iter().any(holds) || token_patterns::without(&text, REDACTED) != text
    }
}

/// A secret as formats write it.
fn spellings(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let markup = |numbers: bool| -> String {
        let letter = |letter: char| match (letter, numbers) {
            ('&' | '<' | '>' | '"' | '\'', true) => format!("&#{};", u32::from(letter)),
            ('&', false) => "&amp;".to_owned(),
            ('<', false) => "&lt;".to_owned(),
            ('>', false) => "&gt;".to_owned(),
            ('"', false) => "&quot;".to_owned(),
            _ => letter.to_string(),
        };
        secret.chars().map(letter).collect()
    };
    let url = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let mut all = vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        markup(true),
        markup(false),
        secret.bytes().map(url).collect(),
    ];
    // What surrounds it shifts its letters in base64; the first and the last of them depend on the neighbours.
    for before in 0..3 {
        let shifted = [&[0; 3][..before], secret.as_bytes()].concat();
        let whole = &shifted[before_group(before)..shifted.len() - shifted.len() % 3];
        if whole.len() >= 6 {
            all.push(STANDARD.encode(whole));
            all.push(URL_SAFE_NO_PAD.encode(whole));
        }
    }
    all
}

/// Where the first group of three bytes begins that is all the secret's.
const fn before_group(before: usize) -> usize {
    if before == 0 { 0 } else { 3 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_tokens_are_taken_out_and_nothing_else() {
        let redactor = Redactor::of(["hunter2hunter2".into(), "short".into()]);
        let jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
        let text = format!("a {jwt}, b=hunter2hunter2; short eyJ eyJust.a.word");
        assert_eq!(
            redactor.clean(&text),
            "a [redacted], b=[redacted]; short eyJ eyJust.a.word"
        );
    }
    #[test]
    fn a_secret_is_seen_however_it_is_written() {
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
