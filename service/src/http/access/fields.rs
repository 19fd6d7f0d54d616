//! Fields of requests for access: number, level, state, reason and period.

use crate::http::contract::field::{FieldValue, rejection_of_line};
use crate::types::access::{AccessHours, AccessLevel, AccessReason, AccessRequestId, AccessState};
use crate::types::visible_line::visible_line_pattern;
use poem_openapi::registry::MetaSchema;
use serde_json::Value;
use std::borrow::Cow;

impl FieldValue for AccessRequestId {
    const EXPECTED: &'static str = "must be a request number from 1 to 9223372036854775807";

    fn parse(text: &str) -> Option<Self> {
        AccessRequestId::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            minimum: Some(1.0),
            example: Some(7.into()),
            ..MetaSchema::new_with_format("integer", "int64")
        }
    }
}

impl FieldValue for AccessLevel {
    const EXPECTED: &'static str = "must be rates-read or accounts-audit";

    fn parse(text: &str) -> Option<Self> {
        AccessLevel::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            enum_items: Self::ALL.iter().map(|level| level.as_str().into()).collect(),
            ..MetaSchema::new("string")
        }
    }
}

impl FieldValue for AccessState {
    const EXPECTED: &'static str = "must be requested, approved, denied, withdrawn or ended";

    fn parse(text: &str) -> Option<Self> {
        AccessState::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            enum_items: Self::ALL.iter().map(|state| state.as_str().into()).collect(),
            ..MetaSchema::new("string")
        }
    }
}

impl FieldValue for AccessReason {
    const EXPECTED: &'static str =
        "must have 1 to 500 characters on one line, each of them visible or a space";

    fn parse(text: &str) -> Option<Self> {
        AccessReason::parse(text)
    }

    fn rejection(text: &str) -> Cow<'static, str> {
        rejection_of_line(AccessReason::check(text).err(), Self::EXPECTED)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            max_length: Some(Self::MAX_LENGTH),
            pattern: Some(visible_line_pattern()),
            example: Some("Reconcile the prices of November".into()),
            ..MetaSchema::new("string")
        }
    }
}

impl FieldValue for AccessHours {
    const EXPECTED: &'static str = "must be a whole number of hours from 1 to 8760";

    fn parse(_text: &str) -> Option<Self> {
        // In bodies only, where it is a number.
        None
    }

    fn parse_json(value: &Value) -> Option<Self> {
        value.as_i64().and_then(Self::of)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            minimum: Some(1.0),
            maximum: Some(f64::from(Self::MAX)),
            example: Some(8.into()),
            ..MetaSchema::new_with_format("integer", "int32")
        }
    }
}

/// The name of a login in the database.
#[derive(Debug)]
pub struct LoginName(pub String);

impl FieldValue for LoginName {
    const EXPECTED: &'static str = "must be the user name of a database login";

    fn parse(text: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let good = (1..=63).contains(&text.len()) && text.bytes().all(is_allowed);
        good.then(|| Self(text.to_owned()))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            max_length: Some(63),
            pattern: Some("^[A-Za-z0-9_-]+$".to_owned()),
            example: Some("v-portcullis-access-ra-q8Zr2Tn5Vm8Lc4Yd6Wb7-1795965600".into()),
            ..MetaSchema::new("string")
        }
    }
}
