//! Why a login is rejected, and why a request is not authenticated.

use crate::crypto::hashing::OverloadedError;
use crate::domain::StorageError;
use std::time::Duration;

/// Why a login is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The address is unknown, the account is not active, or the password or code is wrong. The response does not
    /// reveal which.
    #[error("the address, the password or the code is wrong")]
    InvalidCredentials,
    /// The password is right, and the account requires a code.
    #[error("a code of the second factor is required")]
    SecondFactorRequired,
    /// The password is right, and the codes of the account's app cannot be verified, because the service lacks the data
    /// key that encrypts their secret. A recovery code works.
    #[error("the second factor cannot be verified")]
    SecondFactorUnavailable,
    /// The password is right, and the address is not confirmed. The API answers like for a wrong password; the sign-in page
    /// says so, to who knows the password.
    #[error("the address is not confirmed")]
    Unconfirmed,
    /// The account must have a second factor and has none, so it gets no token for other services.
    #[error("a second factor must be set up first")]
    SecondFactorSetupRequired,
    /// The password is right, and the code was right and used before.
    #[error("the code was used before")]
    CodeUsed,
    /// The password is right, and after too many wrong codes none is verified for this long.
    #[error("too many wrong codes")]
    CodesBlocked(Duration),
    /// Too many attempts; the next one is admitted after this long.
    #[error("too many attempts")]
    Throttled(Duration),
    /// The queue for password hashing is full.
    #[error(transparent)]
    Overloaded(#[from] OverloadedError),
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a request is not authenticated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticationError {
    /// The token or cookie is not valid, or its session has ended.
    #[error("the token is not valid")]
    InvalidToken,
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
