//! Fields of accounts: address, name, role, number, passwords and tokens.

use crate::crypto::tokens::PlainToken;
use crate::domain::accounts::passwords::{MAX_LENGTH, MIN_LENGTH, MIN_LENGTH_WITH_FACTOR};
use crate::http::contract::field::{FieldValue, rejection_of_line};
use crate::types::account::AccountId;
use crate::types::email::Email;
use crate::types::field_error::{FieldError, Location};
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use crate::types::visible_line::visible_line_pattern;
use poem_openapi::registry::MetaSchema;
use secrecy::SecretString;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

impl FieldValue for Email {
    const EXPECTED: &'static str =
        "must be an e-mail address of at most 254 ASCII characters, as in ann@example.org";

    fn parse(text: &str) -> Option<Self> {
        Email::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            max_length: Some(254),
            example: Some("ann@example.org".into()),
            ..MetaSchema::new_with_format("string", "email")
        }
    }
}

impl FieldValue for PersonName {
    const EXPECTED: &'static str =
        "must have 1 to 100 characters on one line, each of them visible or a space";

    fn parse(text: &str) -> Option<Self> {
        PersonName::parse(text)
    }

    fn rejection(text: &str) -> Cow<'static, str> {
        rejection_of_line(PersonName::check(text).err(), Self::EXPECTED)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            max_length: Some(Self::MAX_LENGTH),
            pattern: Some(visible_line_pattern()),
            example: Some("Ann Example".into()),
            ..MetaSchema::new("string")
        }
    }
}

/// A name in an update: empty only for an account that has none, as it is returned.
#[derive(Debug)]
pub struct UpdatedName(Option<PersonName>);

impl UpdatedName {
    /// The new name, or `None` after adding an error to the list.
    pub fn change(self, current: &str, errors: &mut Vec<FieldError>) -> Option<PersonName> {
        if self.0.is_none() && !current.is_empty() {
            errors.push(FieldError::new(Location::Body, "name", PersonName::EXPECTED));
        }
        self.0.filter(|name| name.as_str() != current)
    }
}

impl FieldValue for UpdatedName {
    const EXPECTED: &'static str = PersonName::EXPECTED;

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(None));
        }
        PersonName::parse(text).map(|name| Self(Some(name)))
    }

    fn rejection(text: &str) -> Cow<'static, str> {
        PersonName::rejection(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: None,
            pattern: Some(format!("^$|{}", visible_line_pattern())),
            ..PersonName::schema()
        }
    }
}

/// Longest secret in bytes: as many as the longest password has in any normalisation form. A character of NFC, which the policy
/// counts, becomes up to twelve bytes in NFD.
const MAX_SECRET_BYTES: usize = 2048;

/// A password or another typed secret. The domain enforces the password policy.
#[derive(Debug)]
pub struct SecretText(pub SecretString);

impl FieldValue for SecretText {
    const EXPECTED: &'static str = "must be a string of at most 2048 bytes";

    fn parse(text: &str) -> Option<Self> {
        (text.len() <= MAX_SECRET_BYTES).then(|| Self(text.into()))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            max_length: Some(MAX_SECRET_BYTES),
            write_only: true,
            ..MetaSchema::new_with_format("string", "password")
        }
    }
}

/// A token that this service issued. `None` if it is malformed: that is reported like any other invalid token (401), not as
/// an invalid field (400).
#[derive(Debug)]
pub struct SentToken(pub Option<PlainToken>);

impl FieldValue for SentToken {
    const EXPECTED: &'static str = "must be a string";

    fn parse(text: &str) -> Option<Self> {
        Some(Self(PlainToken::parse(text)))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            write_only: true,
            ..MetaSchema::new_with_format("string", "password")
        }
    }
}

impl FieldValue for Role {
    const EXPECTED: &'static str = "must be user, admin, approver, ingest or introspector";

    fn parse(text: &str) -> Option<Self> {
        Role::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            enum_items: Role::ALL.iter().map(|role| role.as_str().into()).collect(),
            ..MetaSchema::new("string")
        }
    }
}

impl FieldValue for AccountId {
    const EXPECTED: &'static str = "must be an account number from 1 to 9223372036854775807";

    fn parse(text: &str) -> Option<Self> {
        AccountId::parse(text)
    }

    fn parse_json(value: &Value) -> Option<Self> {
        value.as_i64().filter(|number| *number > 0).map(Self::of)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            minimum: Some(1.0),
            example: Some(7.into()),
            ..MetaSchema::new_with_format("integer", "int64")
        }
    }
}

/// The token of a mailed link. The domain verifies it, so that a forged link is rejected like a used one. `Debug` redacts
/// it.
pub struct LinkToken(pub String);

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken([redacted])")
    }
}

impl FieldValue for LinkToken {
    const EXPECTED: &'static str = "must be a string of at most 256 characters";

    fn parse(text: &str) -> Option<Self> {
        (text.chars().count() <= 256).then(|| Self(text.to_owned()))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            max_length: Some(256),
            example: Some("rTx1W4o0c9Yb7sQn3vKpL2mZ8aEfGdJhUiOqXwCyB6k".into()),
            ..MetaSchema::new("string")
        }
    }
}

/// The password of a new account, which has no second factor yet.
#[derive(Debug)]
pub struct NewPassword(pub SecretString);

impl FieldValue for NewPassword {
    const EXPECTED: &'static str = SecretText::EXPECTED;

    fn parse(text: &str) -> Option<Self> {
        SecretText::parse(text).map(|secret| Self(secret.0))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(MIN_LENGTH),
            max_length: Some(MAX_LENGTH),
            write_only: true,
            ..MetaSchema::new_with_format("string", "password")
        }
    }
}

/// A password that replaces another one. The minimum length depends on whether a second factor is set up.
#[derive(Debug)]
pub struct ReplacementPassword(pub SecretString);

impl FieldValue for ReplacementPassword {
    const EXPECTED: &'static str = SecretText::EXPECTED;

    fn parse(text: &str) -> Option<Self> {
        SecretText::parse(text).map(|secret| Self(secret.0))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(MIN_LENGTH_WITH_FACTOR),
            ..NewPassword::schema()
        }
    }
}
