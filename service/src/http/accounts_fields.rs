//! What only accounts take: the token of a mailed link, a new password; and what becomes of them as problems.
use super::field::FieldValue;
use super::person_fields::SecretText;
use super::problem::Problem;
use crate::domain::accounts::outcome::Failed;
use crate::domain::accounts::passwords::{LONGEST, SHORTEST, Weakness};
use crate::types::fault::{FieldFault, Location};
use http::StatusCode;
use poem_openapi::registry::MetaSchema;
use secrecy::SecretString;
use std::fmt;

/// What stands in a mailed link. Whether it is one of ours is the domain's to say, so that a forged one is refused like
/// a used one. `Debug` does not tell it.
pub struct LinkToken(pub String);

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken([redacted])")
    }
}

impl FieldValue for LinkToken {
    const EXPECTED: &'static str = "must be a text of at most 256 characters";

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

/// A password that somebody chooses.
#[derive(Debug)]
pub struct NewPassword(pub SecretString);

impl FieldValue for NewPassword {
    const EXPECTED: &'static str = SecretText::EXPECTED;

    fn parse(text: &str) -> Option<Self> {
        SecretText::parse(text).map(|secret| Self(secret.0))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(SHORTEST),
            max_length: Some(LONGEST),
            write_only: true,
            ..MetaSchema::new_with_format("string", "password")
        }
    }
}

/// 400 for a password that breaks a rule.
pub fn weak(field: &str, weakness: Weakness) -> Problem {
    Problem::invalid(vec![FieldFault::new(Location::Body, field, weakness.to_string())])
}

/// 404 for a link that cannot be used: forged, used, void and ended ones alike.
pub fn no_such_link() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-link",
        "this link was used, is void, has ended, or never was one: ask for another",
    )
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Busy(busy) => Self::unavailable_for("too many passwords wait to be hashed", busy.again),
            Failed::Storage(error) => error.into(),
        }
    }
}
