//! Why a mail did not leave, in words that can be stored and logged: a step and what was wrong with it. A server's own
//! text is never among them, because it repeats addresses.
use std::borrow::Cow;

/// A failed try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryError {
    /// The way out is broken: no mail would get through. All of them wait.
    Transport(Reason),
    /// This mail was not taken, and may be later.
    Temporary(Reason),
    /// This mail will never be taken.
    Permanent(Reason),
}

/// Words without a value in them.
pub type Reason = Cow<'static, str>;

impl DeliveryError {
    /// The words.
    pub fn reason(&self) -> &str {
        match self {
            Self::Transport(reason) | Self::Temporary(reason) | Self::Permanent(reason) => reason,
        }
    }
}
