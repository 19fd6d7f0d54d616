//! Parameters and headers of uploads.

use crate::http::contract::field::FieldValue;
use crate::http::contract::header_field::HeaderFieldValue;
use crate::types::upload::{BatchId, IdempotencyKey};
use poem_openapi::registry::MetaSchema;
use std::time::Duration;

/// The longest time that a client may wait for the end of an upload.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// Whether nothing is to be stored.
#[derive(Clone, Copy, Debug)]
pub struct DryRun(pub bool);

/// How long the client wants to wait for the outcome (`wait` of RFC 7240).
#[derive(Clone, Copy, Debug, Default)]
pub struct Prefer {
    /// At most [`MAX_WAIT`].
    pub wait: Duration,
}

impl FieldValue for BatchId {
    const EXPECTED: &'static str = "must be the number of a batch";

    fn parse(text: &str) -> Option<Self> {
        BatchId::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            minimum: Some(1.0),
            ..MetaSchema::new_with_format("integer", "int64")
        }
    }
}

impl FieldValue for DryRun {
    const EXPECTED: &'static str = "must be true or false";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    fn schema() -> MetaSchema {
        MetaSchema::new("boolean")
    }
}

impl FieldValue for IdempotencyKey {
    const EXPECTED: &'static str =
        "must have 1 to 255 printable ASCII characters without comma, quote and backslash, in quotes or not";

    fn parse(text: &str) -> Option<Self> {
        IdempotencyKey::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            max_length: Some(Self::MAX_LENGTH + 2),
            pattern: Some(
                r#"^("[ !#-+\--\[\]-~]{1,255}"|[!#-+\--\[\]-~]([ !#-+\--\[\]-~]{0,253}[!#-+\--\[\]-~])?)$"#
                    .to_owned(),
            ),
            example: Some("\"8e03978e-40d5-43e8-bc93-6894a57f9324\"".into()),
            ..MetaSchema::new("string")
        }
    }
}

impl HeaderFieldValue for IdempotencyKey {
    const NAME: &'static str = "Idempotency-Key";
}

impl FieldValue for Prefer {
    const EXPECTED: &'static str = "must be a list of preferences, such as wait=10";

    /// Other preferences, and values that are none, are ignored (RFC 7240 §2).
    fn parse(text: &str) -> Option<Self> {
        let mut preferences = text.split([',', ';']).filter_map(|part| part.split_once('='));
        let wait = preferences.find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"));
        let seconds: Option<u64> = wait.and_then(|(_, value)| value.trim().trim_matches('"').parse().ok());
        Some(Self {
            wait: Duration::from_secs(seconds.unwrap_or_default()).min(MAX_WAIT),
        })
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            example: Some("wait=10".into()),
            ..MetaSchema::new("string")
        }
    }
}

impl HeaderFieldValue for Prefer {
    const NAME: &'static str = "Prefer";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C4: A client may wait for the outcome, for a bounded time.
    #[test]
    fn a_wait_is_bounded_and_other_preferences_are_ignored() {
        let wait = |text| Prefer::parse(text).unwrap().wait.as_secs();
        assert_eq!(wait("wait=10"), 10);
        assert_eq!(wait("respond-async, Wait=5"), 5);
        assert_eq!(wait("wait=86400"), 30);
        for none in ["", "wait", "wait=x", "wait=-1", "return=minimal"] {
            assert_eq!(wait(none), 0, "{none}");
        }
    }
}
