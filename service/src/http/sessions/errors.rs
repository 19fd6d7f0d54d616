//! Problems of signing in.

use crate::domain::sessions::log_in::Refused;
use crate::http::contract::problem::Problem;
use http::{HeaderValue, StatusCode, header};

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let challenged = |kind, detail| {
            Self::new(StatusCode::UNAUTHORIZED, kind, detail)
                .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        };
        match refused {
            Refused::Credentials => {
                challenged("invalid-credentials", "address, password or code is not right")
            }
            Refused::SecondFactor => challenged(
                "second-factor-required",
                "a code of the second factor is needed: send it as `code`",
            ),
            Refused::Throttled(wait) => {
                let detail = "too many tries failed: wait before the next";
                Self::too_many("too-many-tries", detail, wait)
            }
            Refused::Overloaded(overloaded) => {
                Self::unavailable_for("too many passwords wait to be checked", overloaded.retry_after)
            }
            Refused::Storage(error) => error.into(),
        }
    }
}
