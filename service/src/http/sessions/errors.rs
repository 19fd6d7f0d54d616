//! Problems of signing in.

use crate::domain::sessions::error::LoginError;
use crate::http::contract::problem::Problem;
use http::{HeaderValue, StatusCode, header};

impl From<LoginError> for Problem {
    fn from(refused: LoginError) -> Self {
        let challenged = |kind, detail| {
            Self::new(StatusCode::UNAUTHORIZED, kind, detail)
                .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        };
        match refused {
            LoginError::InvalidCredentials => {
                challenged("invalid-credentials", "address, password or code is not right")
            }
            LoginError::SecondFactorRequired => challenged(
                "second-factor-required",
                "a code of the second factor is needed: send it as `code`",
            ),
            LoginError::Throttled(wait) => {
                let detail = "too many tries failed: wait before the next";
                Self::too_many("too-many-tries", detail, wait)
            }
            LoginError::Overloaded(overloaded) => {
                Self::unavailable_for("too many passwords wait to be checked", overloaded.retry_after)
            }
            LoginError::Storage(error) => error.into(),
        }
    }
}
