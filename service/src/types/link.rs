//! Purposes of mailed links, and how long the links are valid.

/// LinkPurpose of a mailed link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkPurpose {
    /// Confirm the address of a registration.
    Confirm,
    /// Accept an invitation.
    Invite,
    /// Set a new password.
    Reset,
    /// Confirm a new address.
    ChangeEmail,
    /// Cancel a change of the address, before or after it took effect.
    UndoEmail,
}

impl LinkPurpose {
    /// Name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Invite => "invite",
            Self::Reset => "reset",
            Self::ChangeEmail => "change_email",
            Self::UndoEmail => "undo_email",
        }
    }

    /// Lifetime in seconds.
    pub fn ttl_seconds(self) -> i64 {
        match self {
            Self::Confirm | Self::ChangeEmail => 24 * 3600,
            Self::Invite => 7 * 24 * 3600,
            // Long enough for owners who do not read their mail daily; a reader of the old mailbox can take the account back
            // for as long.
            Self::UndoEmail => 3 * 24 * 3600,
            Self::Reset => 30 * 60,
        }
    }
}
