//! Problems of account operations.

use crate::domain::accounts::outcome::AccountError;
use crate::domain::accounts::passwords::PasswordPolicyError;
use crate::http::contract::problem::{Problem, TOO_MANY_MAILS};
use crate::http::totp::fields::CODE_USED;
use crate::types::field_error::{FieldError, Location};
use http::StatusCode;
use std::time::Duration;

/// 400 for a password that violates the policy.
pub fn weak_password(field: &str, error: PasswordPolicyError) -> Problem {
    Problem::invalid(vec![FieldError::new(Location::Body, field, error.to_string())])
}

/// 403 for a code that was used before, in the session of a client that proved the password.
pub fn code_used() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "code-used",
        format!("the code {CODE_USED}"),
    )
}

/// 404 for a link that is forged, used, superseded or expired; the response does not say which.
pub fn unknown_link() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-link",
        "the link is invalid, already used or expired; request a new one",
    )
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Overloaded(overloaded) => Self::unavailable_for(
                "too many passwords are waiting to be hashed",
                overloaded.retry_after,
            ),
            AccountError::Storage(error) => error.into(),
        }
    }
}

/// 429 for an account or a network that requested too many mails.
pub fn too_many_mails(wait: Duration) -> Problem {
    Problem::too_many(TOO_MANY_MAILS, "too many mails were requested; retry later", wait)
}
