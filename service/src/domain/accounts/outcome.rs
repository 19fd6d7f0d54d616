//! Outcomes and errors of the operations on accounts.

use super::passwords::{PasswordCheckError, PasswordPolicyError};
use crate::crypto::hashing::OverloadedError;
use crate::domain::StorageError;
use crate::types::account::AccountId;
use std::time::Duration;

/// The operation failed for reasons that are not the client's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The queue for password hashing is full.
    #[error(transparent)]
    Overloaded(#[from] OverloadedError),
    /// The file of breached passwords cannot be read.
    #[error(transparent)]
    PasswordCheck(#[from] PasswordCheckError),
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The result of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationOutcome {
    /// A mail is enqueued. Only the mail states whether the address had an account already.
    Accepted,
    /// Registration is closed.
    Closed,
    /// The password violates the policy.
    Weak(PasswordPolicyError),
    /// Too many from this network; retry after this long.
    Wait(Duration),
}

/// The result of requesting a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailRequestOutcome {
    /// A mail is enqueued if the account exists.
    Accepted,
    /// Too many to this address or from this network; retry after this long.
    Wait(Duration),
}

/// The result of using a confirmation link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkOutcome {
    /// The address is confirmed.
    Done,
    /// The link was used, is void, has expired or never existed; the response does not reveal which.
    NoSuchLink,
    /// The password is not the one that was chosen; the link remains valid.
    WrongPassword,
    /// Too many wrong passwords; retry after this long.
    TooManyAttempts(Duration),
}

/// The result of using a link that sets a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetPasswordOutcome {
    /// The password is set, and every session has ended.
    Done,
    /// As in [`LinkOutcome`].
    NoSuchLink,
    /// The password breaks a rule; the link remains valid.
    Weak(PasswordPolicyError),
}

/// The result of confirming a new address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeEmailOutcome {
    /// The account has the new address.
    Done,
    /// As in [`LinkOutcome`].
    NoSuchLink,
    /// Another account has the address by now; nothing was changed.
    Taken,
}

/// The result of undoing a change of the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoEmailOutcome {
    /// The change had not taken effect, and will not.
    Cancelled,
    /// The account has its former address again, and its sessions have ended.
    Restored,
    /// As in [`LinkOutcome`].
    NoSuchLink,
    /// Another account has the former address by now; nothing was changed.
    Taken,
}

/// The result of changing an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// Everything is changed; a new address is to be confirmed.
    Done,
    /// The account was deleted, or the session ended, concurrently.
    Gone,
    /// The current password or the code is wrong.
    WrongCredentials,
    /// The current password is right, and a code is required.
    CodeRequired,
    /// The current password is right, and the codes of the app cannot be verified.
    CodeUnverifiable,
    /// The current password is right, and the code was used before.
    CodeUsed,
    /// The current password is right, and after too many wrong codes none is verified for this long.
    CodesBlocked(Duration),
    /// The new password violates the policy.
    Weak(PasswordPolicyError),
    /// Too many wrong passwords or codes; retry after this long.
    TooManyAttempts(Duration),
    /// Too many mails; retry after this long.
    TooManyMails(Duration),
}

/// The result of deleting one's own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionOutcome {
    /// The account is deleted, and its sessions have ended.
    Done,
    /// The last administrator cannot be deleted.
    LastAdmin,
    /// The session ended concurrently.
    SignedOut,
}

/// The result of creating an account at the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddOutcome {
    /// The account is created and active.
    Created(AccountId),
    /// Another account has the address.
    EmailTaken,
    /// The password violates the policy.
    Weak(PasswordPolicyError),
}
