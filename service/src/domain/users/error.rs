//! Why nothing came of what an administrator wanted.
use crate::domain::StorageError;

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// There is no such account, or none that this can be done to.
    #[error("there is no such user")]
    Missing,
    /// It has changed since it was read.
    #[error("the user has changed")]
    Stale,
    /// Another living account has the address.
    #[error("another user has this address")]
    Taken,
    /// There would be no administrator left who may sign in.
    #[error("there would be no administrator left")]
    LastAdmin,
    /// Its owner has proven the address, and only the owner changes it: whoever else could would get the owner's mails, and
    /// with them the account.
    #[error("only the owner changes a proven address")]
    Proven,
    /// Nobody has proven the address: a role must not go to whoever registered it.
    #[error("nobody has proven the address")]
    Unproven,
    /// The account has come further than an invitation leads.
    #[error("the user is not invited any more")]
    NotInvited,
    /// The place in a list is not ours, or of another list.
    #[error("the cursor leads nowhere")]
    BadCursor,
    /// The database did not answer.
    #[error(transparent)]
    Storage(StorageError),
}

impl From<StorageError> for UserError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Constraint(name) if name == "accounts_email_key" => Self::Taken,
            error => Self::Storage(error),
        }
    }
}
