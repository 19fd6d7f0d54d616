//! Fields of wishes: number, title, note, and whether a wish is fulfilled.

use crate::http::contract::field::{FieldValue, rejection_of_line};
use crate::types::visible_line::visible_line_pattern;
use crate::types::wish::{WishId, WishNote, WishTitle};
use poem_openapi::registry::MetaSchema;
use serde_json::Value;
use std::borrow::Cow;

impl FieldValue for WishId {
    const EXPECTED: &'static str = "must be a wish number from 1 to 9223372036854775807";

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
        "must have 1 to 200 characters on one line, each of them visible or a space";

    fn parse(text: &str) -> Option<Self> {
        WishTitle::parse(text)
    }

    fn rejection(text: &str) -> Cow<'static, str> {
        rejection_of_line(WishTitle::check(text).err(), Self::EXPECTED)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            max_length: Some(Self::MAX_LENGTH),
            pattern: Some(visible_line_pattern()),
            example: Some("See the northern lights".into()),
            ..MetaSchema::new("string")
        }
    }
}

impl FieldValue for WishNote {
    const EXPECTED: &'static str =
        "must have at most 2000 characters and no control characters except line ends and tabs";

    fn parse(text: &str) -> Option<Self> {
        WishNote::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            max_length: Some(Self::MAX_LENGTH),
            pattern: Some("^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\ufffd]*$".to_owned()),
            example: Some("In February,\nfrom Tromsø.".into()),
            ..MetaSchema::new("string")
        }
    }
}

/// Whether a wish is fulfilled.
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
