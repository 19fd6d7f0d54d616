//! Pagination: page size, search text, and the `Link` to the next page (RFC 8288).

use super::field::FieldValue;
use poem_openapi::registry::MetaSchema;

/// The maximum number of items on a page.
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub u32);

impl Default for Limit {
    fn default() -> Self {
        Self(100)
    }
}

impl FieldValue for Limit {
    const EXPECTED: &'static str = "must be a whole number from 1 to 1000";

    fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|b| b.is_ascii_digit()) && text.len() <= 4;
        text.parse()
            .ok()
            .filter(|limit| digits && (1..=1000).contains(limit))
            .map(Self)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            minimum: Some(1.0),
            maximum: Some(1000.0),
            default: Some(100.into()),
            description: Some(
                "A page has fewer items if more would exceed 256 KiB: follow `Link` to the next page.",
            ),
            ..MetaSchema::new_with_format("integer", "int32")
        }
    }
}

/// Text to search for in a list.
#[derive(Clone, Debug)]
pub struct SearchText(pub String);

impl FieldValue for SearchText {
    const EXPECTED: &'static str =
        "must have 1 to 64 characters, not only white space, and no control characters";

    fn parse(text: &str) -> Option<Self> {
        // Control characters are refused at the ends, too.
        let trimmed = text.trim_matches(|c: char| c.is_whitespace() && !c.is_control());
        // The framework decodes invalid UTF-8 to the replacement character, which is not a text to search for.
        let bad = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
        let good = (1..=64).contains(&trimmed.chars().count()) && !trimmed.chars().any(bad);
        good.then(|| Self(trimmed.to_owned()))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            max_length: Some(64),
            // The rule of `parse`.
            pattern: Some(
                r"^[^\x00-\x1f\x7f-\x9f\ufffd]*[^\s\x00-\x1f\x7f-\x9f\ufffd][^\x00-\x1f\x7f-\x9f\ufffd]*$"
                    .to_owned(),
            ),
            example: Some("oslo".into()),
            ..MetaSchema::new("string")
        }
    }
}

/// The value of `Link` for the next page of a list.
pub fn next_link(path: &str, parameters: &[(&str, String)]) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let query: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    format!("<{path}?{}>; rel=\"next\"", query.join("&"))
}
