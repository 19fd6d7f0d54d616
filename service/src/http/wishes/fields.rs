//! What wishes are made of, as fields: number, title, note, whether it has come true.

use crate::http::contract::field::FieldValue;
use crate::types::wish::{WishId, WishNote, WishTitle};
use poem_openapi::registry::MetaSchema;
use serde_json::Value;

impl FieldValue for WishId {
    const EXPECTED: &'static str = "must be the number of a wish, from 1 to 9223372036854775807";

    fn parse(text: &str) -> Option<Self> {
        WishId::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            minimum: Some(1.0),
            example: Some(7.into()),
            ..MetaSchema::new_with_format("integer", "int64")
        }
    }
}

impl FieldValue for WishTitle {
    const EXPECTED: &'static str =
        "must have 1 to 200 characters on one line, none of them a control character";

    fn parse(text: &str) -> Option<Self> {
        WishTitle::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            max_length: Some(Self::LONGEST),
            // The rule of `parse` in the document's words: white space alone is no title.
            pattern: Some(format!("^[^{NO_TEXT}]*[^\\s{NO_TEXT}][^{NO_TEXT}]*$")),
            example: Some("See the northern lights".into()),
            ..MetaSchema::new("string")
        }
    }
}

impl FieldValue for WishNote {
    const EXPECTED: &'static str =
        "must have at most 2000 characters, none of them a control character but line ends";

    fn parse(text: &str) -> Option<Self> {
        WishNote::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            max_length: Some(Self::LONGEST),
            pattern: Some("^([^\\x00-\\x1f\\x7f-\\x9f\\ufffd]|\\r?\\n)*$".to_owned()),
            example: Some("In February,\nfrom Tromsø.".into()),
            ..MetaSchema::new("string")
        }
    }
}

/// Control characters and the sign for bytes that are no text, inside a pattern's brackets.
const NO_TEXT: &str = "\\x00-\\x1f\\x7f-\\x9f\\ufffd";

/// Whether a wish has come true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done(pub bool);

impl FieldValue for Done {
    const EXPECTED: &'static str = "must be true or false";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    fn parse_json(value: &Value) -> Option<Self> {
        value.as_bool().map(Self)
    }

    fn schema() -> MetaSchema {
        MetaSchema::new("boolean")
    }
}
