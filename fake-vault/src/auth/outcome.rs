//! The result of an operation of a login method.

use crate::answer::Success;
use crate::token::Grant;

/// What the core does next.
pub(crate) enum AuthOutcome {
    Success(Success),
    /// A token is to be created.
    Login(Box<Grant>),
}

impl<T: Into<Success>> From<T> for AuthOutcome {
    fn from(success: T) -> AuthOutcome {
        AuthOutcome::Success(success.into())
    }
}
