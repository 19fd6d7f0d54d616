//! Sanitizes every text of a report: removes secrets, local paths and control characters, and limits the length.

use serde_json::Value;

use crate::redaction::Redactor;
use crate::report::path_redaction::PathRedactor;

/// In characters: a tool's message may contain a whole HTTP response.
const MAX_LENGTH: usize = 4000;

/// The secrets and paths to remove.
#[derive(Debug, Clone, Default)]
pub struct Sanitizer {
    redactor: Redactor,
    paths: PathRedactor,
}

impl Sanitizer {
    /// With these secrets and folders.
    pub fn of(redactor: Redactor, paths: PathRedactor) -> Sanitizer {
        Sanitizer { redactor, paths }
    }

    /// A whole file, without secrets and folders of this machine.
    pub fn file(&self, text: &str) -> String {
        self.redactor.clean(&self.paths.clean(text))
    }

    /// A single text, also without control characters, and shortened.
    pub fn text(&self, text: &str) -> String {
        // Secrets first: the next steps could remove a part of one.
        let text = self.file(text);
        let mut clean = visible(&text);
        if let Some((end, _)) = clean.char_indices().nth(MAX_LENGTH) {
            clean.truncate(end);
            clean.push_str(" … (cut)");
        }
        self.redactor.clean(&clean)
    }

    /// All texts of a value.
    pub fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(values) => values.into_iter().map(|value| self.value(value)).collect(),
            Value::Object(members) => {
                let clean = members.into_iter().map(|(name, value)| (name, self.value(value)));
                Value::Object(clean.collect())
            }
            other => other,
        }
    }

    /// Whether it contains a secret of the run, in any encoding.
    pub fn finds_a_secret_in(&self, bytes: &[u8]) -> bool {
        self.redactor.is_in(bytes)
    }
}

/// Without terminal sequences (ECMA-48), control characters, characters that change the reading direction (CVE-2021-42574),
/// and characters that XML 1.0 forbids.
fn visible(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.next_if_eq(&'[').is_some() => {
                let is_final = |character: &char| ('\u{40}'..='\u{7e}').contains(character);
                let _parameters = characters.by_ref().find(is_final);
            }
            '\n' | '\t' => clean.push(character),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => clean.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => {}
            character if character.is_control() => {}
            character => clean.push(character),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_and_secrets_are_removed() {
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
