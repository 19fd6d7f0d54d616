//! What every text of a report passes: no secret, no folder of this scheduler, no letter that terminals or XML mistake for a
//! command, no text without end.

use serde_json::Value;

use crate::redaction::Redactor;
use crate::report::path_redaction::PathRedactor;

/// The most letters of one text: a tool's message may hold a whole answer.
const MOST: usize = 4000;

/// Washes texts.
#[derive(Debug, Clone, Default)]
pub struct Sanitizer {
    redactor: Redactor,
    places: PathRedactor,
}

impl Sanitizer {
    /// Of these secrets and folders.
    pub fn of(redactor: Redactor, places: PathRedactor) -> Sanitizer {
        Sanitizer { redactor, places }
    }

    /// A whole file: no secret, no folder of this scheduler.
    pub fn file(&self, text: &str) -> String {
        self.redactor.clean(&self.places.clean(text))
    }

    /// One text of a tool.
    pub fn text(&self, text: &str) -> String {
        // Secrets first: what is left out below could hold the end of one.
        let text = self.file(text);
        let mut clean = visible(&text);
        if let Some((end, _)) = clean.char_indices().nth(MOST) {
            clean.truncate(end);
            clean.push_str(" … (cut)");
        }
        self.redactor.clean(&clean)
    }

    /// Every text of a value.
    pub fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(values) => values.into_iter().map(|value| self.value(value)).collect(),
            Value::Object(members) => {
                let washed = members.into_iter().map(|(name, value)| (name, self.value(value)));
                Value::Object(washed.collect())
            }
            other => other,
        }
    }

    /// Whether a secret of the run stands there.
    pub fn finds_a_secret_in(&self, bytes: &[u8]) -> bool {
        self.redactor.is_in(bytes)
    }
}

/// Without terminal commands (ECMA-48), control characters, letters that turn the direction of reading (CVE-2021-42574), and
/// what XML 1.0 forbids.
fn visible(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' if letters.next_if_eq(&'[').is_some() => {
                let _parameters = letters
                    .by_ref()
                    .find(|letter| ('\u{40}'..='\u{7e}').contains(letter));
            }
            '\n' | '\t' => clean.push(letter),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => clean.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => {}
            letter => clean.push(letter),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_what_a_reader_cannot_see() {
        let sanitizer = Sanitizer::of(
            Redactor::of(["hunter2hunter2".to_owned()]),
            PathRedactor::default(),
        );
        let text = "\u{1b}[1;31mred\u{1b}[0m \u{0}\u{7}a\tb\nc \u{202e}evil hunter2\u{1b}[0mhunter2";
        assert_eq!(sanitizer.text(text), "red a\tb\nc \u{fffd}evil [redacted]");
        let long = sanitizer.text(&"ä".repeat(5000));
        assert_eq!(long.chars().count(), 4000 + " … (cut)".chars().count());
        let value = serde_json::json!({ "a": ["hunter2hunter2", 1, null], "b": { "c": "x\u{8}" } });
        let clean = serde_json::json!({ "a": ["[redacted]", 1, null], "b": { "c": "x" } });
        assert_eq!(sanitizer.value(value), clean);
    }
}
