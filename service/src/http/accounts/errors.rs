//! Problems of account operations.

use crate::domain::accounts::outcome::AccountError;
use crate::domain::accounts::passwords::PasswordPolicyError;
use crate::http::contract::problem::{Problem, TOO_MANY_MAILS};
use crate::http::totp::fields::CODE_USED;
use crate::types::field_error::{FieldError, Location};
use http::StatusCode;
use std::time::Duration;

/// When to try again after a password could not be checked: an operator has to repair the file.
const PASSWORD_CHECK_RETRY: Duration = Duration::from_secs(60);

/// 400 for a password that violates the policy.
pub fn weak_password(field: &str, error: &PasswordPolicyError) -> Problem {
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

/// 403 for a signed-in caller whose password or code is wrong.
pub fn wrong_password() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "wrong-password",
        "the current password or the code is wrong; nothing was changed",
    )
}

/// 403 for a signed-in caller who gave no code.
pub fn code_required() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "second-factor-required",
        "a code of the second factor is required: send it as `code`; nothing was changed",
    )
}

/// 409 for an address that another account uses.
pub fn address_taken() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "address-taken",
        "another account uses this address; nothing was changed",
    )
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Overloaded(overloaded) => Self::unavailable_for(
                "too many passwords are waiting to be hashed",
                overloaded.retry_after,
            ),
            AccountError::PasswordCheck(_) => {
                Self::unavailable_for("new passwords cannot be checked at present", PASSWORD_CHECK_RETRY)
            }
            AccountError::Storage(error) => error.into(),
        }
    }
}

/// 429 for an account or a network that requested too many mails.
pub fn too_many_mails(wait: Duration) -> Problem {
    Problem::too_many(TOO_MANY_MAILS, "too many mails were requested; retry later", wait)
}
