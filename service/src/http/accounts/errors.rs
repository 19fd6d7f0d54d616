//! Problems of account operations.

use crate::domain::accounts::outcome::AccountError;
use crate::domain::accounts::passwords::PasswordPolicyError;
use crate::http::contract::problem::Problem;
use crate::types::field_error::{FieldError, Location};
use http::StatusCode;
use std::time::Duration;

/// 400 for a password that breaks a rule.
pub fn weak(field: &str, error: PasswordPolicyError) -> Problem {
    Problem::invalid(vec![FieldError::new(Location::Body, field, error.to_string())])
}

/// 404 for a link that cannot be used: forged, used, void and ended ones alike.
pub fn no_such_link() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-link",
        "this link was used, is void, has ended, or never was one: ask for another",
    )
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Overloaded(overloaded) => {
                Self::unavailable_for("too many passwords wait to be hashed", overloaded.retry_after)
            }
            AccountError::Storage(error) => error.into(),
        }
    }
}

/// 429 for whoever has caused too many mails.
pub fn too_many(wait: Duration) -> Problem {
    Problem::too_many(
        "too-many-mails",
        "too many mails were asked for: wait before the next",
        wait,
    )
}
