//! What a mailed link is for, and how long it can be used.

/// What a mailed link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Prove the address of a registration.
    Confirm,
    /// Accept an invitation.
    Invite,
    /// Set a new password.
    Reset,
    /// Prove a new address.
    ChangeEmail,
}

impl Purpose {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Invite => "invite",
            Self::Reset => "reset",
            Self::ChangeEmail => "change_email",
        }
    }

    /// For how many seconds it can be used.
    pub fn ttl_seconds(self) -> i64 {
        match self {
            Self::Confirm | Self::ChangeEmail => 24 * 3600,
            Self::Invite => 7 * 24 * 3600,
            Self::Reset => 30 * 60,
        }
    }
}
