//! Problems of requests for access.

use crate::domain::access::error::AccessError;
use crate::http::contract::auth::{bad_token, proof_required};
use crate::http::contract::problem::Problem;
use http::StatusCode;

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        let conflict = |kind, detail: String| Self::new(StatusCode::CONFLICT, kind, detail);
        match error {
            AccessError::NotFound => Self::not_found("the request does not exist"),
            AccessError::WrongState(state) => {
                conflict("access-state", format!("the request is {state} already"))
            }
            AccessError::OwnRequest => Self::new(
                StatusCode::FORBIDDEN,
                "own-access-request",
                "another person decides on your request",
            ),
            AccessError::TooMany => conflict(
                "too-many-access-requests",
                "too many of your requests wait for a decision; withdraw some first".to_owned(),
            ),
            AccessError::RequesterDeleted => conflict(
                "requester-deleted",
                "the account that requests access was deleted".to_owned(),
            ),
            AccessError::ProofRequired => proof_required(),
            AccessError::SignedOut => bad_token(),
            AccessError::Storage(error) => error.into(),
        }
    }
}
