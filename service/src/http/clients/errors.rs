//! Problems of managing clients.

use crate::domain::clients::error::ClientError;
use crate::http::contract::auth::{bad_token, proof_required};
use crate::http::contract::if_match::precondition_failed;
use crate::http::contract::problem::Problem;
use http::StatusCode;

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        let conflict = |kind, detail| Self::new(StatusCode::CONFLICT, kind, detail);
        match error {
            ClientError::NotFound => missing(),
            ClientError::NoCredential => Self::not_found("the client has no such secret or key"),
            ClientError::PreconditionFailed => precondition_failed(),
            ClientError::Revoked => conflict(
                "client-revoked",
                "the client is revoked, for good; create another one",
            ),
            ClientError::TooMany => conflict(
                "too-many-credentials",
                "the client has two of them, which is the maximum; remove one first",
            ),
            ClientError::SameKey => conflict("key-exists", "the client has this key already"),
            ClientError::ProofRequired => proof_required(),
            ClientError::SignedOut => bad_token(),
            ClientError::Storage(error) => error.into(),
        }
    }
}

/// 404 for a client.
pub fn missing() -> Problem {
    Problem::not_found("the client does not exist")
}
