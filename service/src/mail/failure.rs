//! Why a mail did not leave, in words that can be stored and logged: a step and what was wrong with it. A server's own
//! text is never among them, because it repeats addresses.
use std::borrow::Cow;

/// A failed try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The way out is broken: no mail would get through. All of them wait.
    Way(Reason),
    /// This mail was not taken, and may be later.
    Later(Reason),
    /// This mail will never be taken.
    Never(Reason),
}

/// Words without a value in them.
pub type Reason = Cow<'static, str>;

impl Failure {
    /// The words.
    pub fn reason(&self) -> &str {
        match self {
            Self::Way(reason) | Self::Later(reason) | Self::Never(reason) => reason,
        }
    }
}
