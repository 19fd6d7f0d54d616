//! Errors of the operations of administrators.

use crate::domain::StorageError;

/// Why the operation failed; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// There is no such user, or none in a state that allows the operation.
    #[error("there is no such user")]
    NotFound,
    /// The user has another version than the precondition requires.
    #[error("the user has changed")]
    PreconditionFailed,
    /// Another account has the address.
    #[error("another user has this address")]
    EmailTaken,
    /// The last active administrator cannot be demoted or deleted.
    #[error("there must be at least one administrator")]
    LastAdmin,
    /// The address is confirmed, so only the owner may change it: mails to a new address could be used to take over the
    /// account.
    #[error("only the owner can change a confirmed address")]
    EmailConfirmed,
    /// The address is not confirmed: a role must not be granted to an unverified registration.
    #[error("the address is not confirmed")]
    EmailNotConfirmed,
    /// The administrator's credentials were verified too long ago for this operation.
    #[error("the credentials must be verified again")]
    ProofRequired,
    /// The administrator's session ended concurrently.
    #[error("the session has ended")]
    SignedOut,
    /// Administrators remove their own second factor like every user, with password and code.
    #[error("the administrator's own second factor")]
    OwnSecondFactor,
    /// The user has no second factor.
    #[error("the user has no second factor")]
    NoSecondFactor,
    /// The user is not in the state `invited`.
    #[error("the user is not invited")]
    NotInvited,
    /// The cursor is invalid, or belongs to another order.
    #[error("the cursor is not valid")]
    InvalidCursor,
    /// The database did not answer.
    #[error(transparent)]
    Storage(StorageError),
}

impl From<StorageError> for UserError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Constraint(name) if name == "accounts_email_key" => Self::EmailTaken,
            error => Self::Storage(error),
        }
    }
}
