//! Why a delivery failed, as a text that can be stored and logged: the step and the error. It never includes the
//! server's own text, which repeats addresses.

use std::borrow::Cow;

/// Why a delivery failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryError {
    /// The transport is unavailable: all mails wait.
    Transport(Reason),
    /// This mail was rejected, and may be accepted later.
    Temporary(Reason),
    /// This mail was rejected for good.
    Permanent(Reason),
}

/// A text that contains no values.
pub type Reason = Cow<'static, str>;

impl DeliveryError {
    /// The step and the error.
    pub fn reason(&self) -> &str {
        match self {
            Self::Transport(reason) | Self::Temporary(reason) | Self::Permanent(reason) => reason,
        }
    }
}
