//! Errors of the operations on access requests.

use crate::domain::StorageError;

/// Why the operation failed; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// There is no such request or login, or the caller may not see it.
    #[error("there is no such request")]
    NotFound,
    /// The request is in a state that does not allow it: another decision was faster, perhaps.
    #[error("the request is {0} already")]
    WrongState(&'static str),
    /// Another person decides.
    #[error("the request is the approver's own")]
    OwnRequest,
    /// The requester has too many requests without a decision, or made too many within a day.
    #[error("too many requests wait for a decision, or were made within a day")]
    TooMany,
    /// The requester's account was deleted.
    #[error("the requester's account is deleted")]
    RequesterDeleted,
    /// The caller's credentials were verified too long ago for this operation.
    #[error("the credentials must be verified again")]
    ProofRequired,
    /// The caller's session ended concurrently.
    #[error("the session has ended")]
    SignedOut,
    /// The login is being issued.
    #[error("the login is not issued yet")]
    LoginPending,
    /// Another call hands the login over, and its outcome is not recorded yet.
    #[error("the login is being handed over")]
    BeingCollected,
    /// The login was handed over before.
    #[error("the login was handed over already")]
    Collected,
    /// Someone else has opened the wrapping token; the login is revoked.
    #[error("the credentials were read by someone else")]
    Compromised,
    /// The wrapping token was used already, by an attempt without an answer or by someone else; the login is revoked.
    #[error("the credentials were read by a lost attempt, or by someone else")]
    Lost,
    /// Vault did not answer.
    #[error("Vault is unavailable")]
    VaultUnavailable,
    /// The database did not answer.
    #[error(transparent)]
    Storage(StorageError),
}

impl From<StorageError> for AccessError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}
