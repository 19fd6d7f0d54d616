//! What comes of registering, confirming, resetting, changing and leaving.
use super::passwords::Weakness;
use crate::crypto::hashing::Busy;
use crate::domain::StorageError;
use crate::types::account::AccountId;

/// Nothing was done, and it is not the sender's fault.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// Too many passwords wait to be hashed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What became of an account that an operator wants made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is there, and its owner may sign in.
    Made(AccountId),
    /// A living account has the address.
    Taken,
    /// The password breaks a rule.
    Weak(Weakness),
}
