//! Why access to the database ended. Also in a build without it: changes of accounts state a reason.

/// Why access ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessEnd {
    /// The period is over.
    Expired,
    /// The requester, an approver or an administrator ended it early.
    Revoked,
    /// The requester's account has another role.
    RoleChanged,
    /// The requester's account has another password.
    PasswordChanged,
    /// All sessions of the requester's account were ended.
    SessionsEnded,
    /// The requester's account was deleted.
    AccountDeleted,
}

impl AccessEnd {
    /// All reasons.
    pub const ALL: [Self; 6] = [
        Self::Expired,
        Self::Revoked,
        Self::RoleChanged,
        Self::PasswordChanged,
        Self::SessionsEnded,
        Self::AccountDeleted,
    ];

    /// Name in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::RoleChanged => "role-changed",
            Self::PasswordChanged => "password-changed",
            Self::SessionsEnded => "sessions-ended",
            Self::AccountDeleted => "account-deleted",
        }
    }
}
