//! What comes of registering, confirming, resetting, changing and leaving.
use super::passwords::PasswordPolicyError;
use crate::crypto::hashing::Overloaded;
use crate::domain::StorageError;
use crate::types::account::AccountId;
use std::time::Duration;

/// Nothing was done, and it is not the sender's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Too many passwords wait to be hashed.
    #[error(transparent)]
    Overloaded(#[from] Overloaded),
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationOutcome {
    /// There is a mail for whoever reads the address. Whether there was an account already is told there and only there.
    Accepted,
    /// Nobody may register now.
    Closed,
    /// The password breaks a rule.
    Weak(PasswordPolicyError),
    /// Too many from this network: again after this long.
    Wait(Duration),
}

/// What became of the wish for a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailRequestOutcome {
    /// If there is such an account, there is a mail for it.
    Accepted,
    /// Too many for this address or from this network: again after this long.
    Wait(Duration),
}

/// What became of the use of a link that changes nothing but what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkOutcome {
    /// It is done.
    Done,
    /// LinkOutcome, void, ended, or never ours: which of them is not told.
    NoSuchLink,
}

/// What became of the use of a link that sets a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetPasswordOutcome {
    /// It is set. Every session has ended.
    Done,
    /// As in [`LinkOutcome`].
    NoSuchLink,
    /// The password breaks a rule; the link can be used again.
    Weak(PasswordPolicyError),
}

/// What became of the proof of a new address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeEmailOutcome {
    /// It is the account's address now.
    Done,
    /// As in [`LinkOutcome`].
    NoSuchLink,
    /// Another account has got it meanwhile; nothing was changed.
    Taken,
}

/// What became of a change of one's own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// It is done; a new address waits for its proof.
    Done,
    /// The account was deleted a moment ago.
    Gone,
    /// The current password or the code is not right.
    WrongCredentials,
    /// The current password is right, and a code of the second factor is needed.
    CodeRequired,
    /// The new password breaks a rule.
    Weak(PasswordPolicyError),
    /// Too many wrong passwords or codes: again after this long.
    TooManyAttempts(Duration),
    /// Too many mails: again after this long.
    TooManyMails(Duration),
}

/// What became of somebody's wish to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionOutcome {
    /// The account is deleted, its sessions have ended.
    Done,
    /// There would be no administrator left.
    LastAdmin,
}

/// What became of an account that an operator wants made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddOutcome {
    /// It is there, and its owner may sign in.
    Created(AccountId),
    /// A living account has the address.
    EmailTaken,
    /// The password breaks a rule.
    Weak(PasswordPolicyError),
}
