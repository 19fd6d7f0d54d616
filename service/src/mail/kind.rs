//! The kinds of mail, and the words that the outbox keeps of them.

/// The kinds of mail. `data` in the outbox holds one member for each of them: `name`, the account's name, which may be
/// missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// To a new account: prove the address. Needs a link.
    Confirm,
    /// To an account whose address somebody tried to register.
    AlreadyRegistered,
    /// To an account that an administrator made. Needs a link.
    Invite,
    /// To an account whose password is forgotten. Needs a link.
    Reset,
    /// To the new address of an account: prove it. Needs a link.
    ChangeEmail,
    /// To the address that an account is about to leave.
    EmailChanging,
    /// To the address that an administrator has moved an account away from.
    EmailMoved,
    /// To an account whose password was changed.
    PasswordChanged,
}

impl MailKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Confirm,
        Self::AlreadyRegistered,
        Self::Invite,
        Self::Reset,
        Self::ChangeEmail,
        Self::EmailChanging,
        Self::EmailMoved,
        Self::PasswordChanged,
    ];

    /// The word that the outbox keeps.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::AlreadyRegistered => "already_registered",
            Self::Invite => "invite",
            Self::Reset => "reset",
            Self::ChangeEmail => "change_email",
            Self::EmailChanging => "email_changing",
            Self::EmailMoved => "email_moved",
            Self::PasswordChanged => "password_changed",
        }
    }

    /// The kind of a word; `None`: a later version of this program wrote it.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether a mail of this kind carries a link with a token.
    pub fn has_token(self) -> bool {
        match self {
            Self::Confirm | Self::Invite | Self::Reset | Self::ChangeEmail => true,
            Self::AlreadyRegistered | Self::EmailChanging | Self::EmailMoved | Self::PasswordChanged => false,
        }
    }
}
