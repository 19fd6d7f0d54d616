//! Problems of signing in.

use crate::domain::sessions::error::LoginError;
use crate::http::accounts::errors::{code_required, code_used, wrong_password};
use crate::http::contract::auth::{setup_required, unauthenticated};
use crate::http::contract::problem::{Problem, TOO_MANY_ATTEMPTS, TOO_MANY_CODES};
use crate::http::totp::fields::CODE_USED;
use http::{HeaderValue, StatusCode, header};
use std::borrow::Cow;

/// 401 for a refresh token that gets no tokens any more. Its type is not that of an invalid access token: a client that
/// refreshes upon the latter would loop. RFC 6749 §5.2 names it; the status is not 400 as there, because this is not its
/// token endpoint, and the credential of the request was refused.
pub fn invalid_grant() -> Problem {
    unauthenticated(
        "invalid-grant",
        "the refresh token is invalid, expired, replaced or revoked; sign in again",
        "Bearer",
    )
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        let unauthorized = |kind, detail: Cow<'static, str>| {
            Self::new(StatusCode::UNAUTHORIZED, kind, detail)
                .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        };
        match error {
            LoginError::InvalidCredentials | LoginError::Unconfirmed => unauthorized(
                "invalid-credentials",
                "the address, the password or the code is wrong".into(),
            ),
            LoginError::SecondFactorRequired => unauthorized(
                "second-factor-required",
                "a code of the second factor is required: send it as `code`".into(),
            ),
            LoginError::SecondFactorUnavailable => Self::new(
                StatusCode::CONFLICT,
                "second-factor-unavailable",
                "the codes of this account's app cannot be verified: use a recovery code, or contact the operator",
            ),
            LoginError::CodeUsed => unauthorized("code-used", format!("the code {CODE_USED}").into()),
            LoginError::SecondFactorSetupRequired => setup_required(),
            LoginError::CodesBlocked(wait) => {
                let detail =
                    "too many wrong codes; retry later, use a recovery code, or reset the password by mail";
                Self::too_many(TOO_MANY_CODES, detail, wait)
            }
            LoginError::Throttled(wait) => {
                let detail = "too many failed attempts; retry later";
                Self::too_many(TOO_MANY_ATTEMPTS, detail, wait)
            }
            LoginError::Overloaded(overloaded) => Self::unavailable_for(
                "too many passwords are waiting to be verified",
                overloaded.retry_after,
            ),
            LoginError::Storage(error) => error.into(),
        }
    }
}

/// The problem of credentials that are verified again in a session. 403 instead of 401: the access token is valid, and a
/// client must not discard it.
pub fn in_session(error: LoginError) -> Problem {
    match error {
        LoginError::InvalidCredentials | LoginError::Unconfirmed => wrong_password(),
        LoginError::SecondFactorRequired => code_required(),
        LoginError::CodeUsed => code_used(),
        other => other.into(),
    }
}
