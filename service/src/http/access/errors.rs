//! Problems of requests for access.

use crate::domain::access::error::AccessError;
use crate::http::contract::auth::{bad_token, proof_required};
use crate::http::contract::problem::Problem;
use http::StatusCode;
use std::time::Duration;

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
                "too many of your requests wait for a decision (withdraw some first), or you made too many within a day".to_owned(),
            ),
            AccessError::RequesterDeleted => conflict(
                "requester-deleted",
                "the account that requests access was deleted".to_owned(),
            ),
            AccessError::LoginPending => Self::unavailable_for(
                "the login is being issued; its owner gets a mail when it is ready",
                Duration::from_secs(2),
            ),
            AccessError::BeingCollected => Self::unavailable_for(
                "the login is being handed over by another call, whose outcome is not known yet",
                Duration::from_secs(2),
            ),
            AccessError::Collected => conflict(
                "access-login-collected",
                "the login was handed over already; if it was not to you, revoke the access at once".to_owned(),
            ),
            AccessError::Compromised => conflict(
                "access-login-compromised",
                "someone else has read the credentials of the login: it is revoked, and another one is issued".to_owned(),
            ),
            AccessError::Lost => conflict(
                "access-login-lost",
                "the credentials of the login were read already, by an attempt of this service whose answer was lost or by someone else: \
                 it is revoked, and another one is issued".to_owned(),
            ),
            AccessError::VaultUnavailable => Self::unavailable("the server that issues logins is unavailable"),
            AccessError::ProofRequired => proof_required(),
            AccessError::SignedOut => bad_token(),
            AccessError::Storage(error) => error.into(),
        }
    }
}
