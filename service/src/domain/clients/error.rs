//! Errors of the operations on clients, and of the token endpoint.

use crate::domain::StorageError;
use std::time::Duration;

/// Why an operation of an administrator failed; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// There is no such client.
    #[error("there is no such client")]
    NotFound,
    /// The client has no such secret or key.
    #[error("the client has no such credential")]
    NoCredential,
    /// The client has another version than the precondition requires.
    #[error("the client has changed")]
    PreconditionFailed,
    /// The client is revoked, which is final.
    #[error("the client is revoked")]
    Revoked,
    /// The client has two valid credentials of the kind.
    #[error("the client has two of them already")]
    TooMany,
    /// The client has this key already.
    #[error("the client has this key already")]
    SameKey,
    /// The administrator's credentials were verified too long ago for this operation.
    #[error("the credentials must be verified again")]
    ProofRequired,
    /// The administrator's session ended concurrently.
    #[error("the session has ended")]
    SignedOut,
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a client gets no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The client is unknown or revoked, or its secret or assertion is wrong, expired, removed or was used before. The response does
    /// not reveal which.
    #[error("the client could not be authenticated")]
    InvalidClient,
    /// The client does not have a requested scope.
    #[error("the client does not have the scope")]
    InvalidScope,
    /// Too many failed authentications; the next one is examined after this long.
    #[error("too many failed authentications")]
    Throttled(Duration),
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
