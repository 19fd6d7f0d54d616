//! The kinds of mail and their names in the outbox.

/// The kinds of mail. For all of them, `data` in the outbox has one optional member: `name`, the account's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// To a new account: confirm the address. Needs a link.
    Confirm,
    /// To an account whose address was used in another registration or change.
    AlreadyRegistered,
    /// To an account that an administrator created. Needs a link.
    Invite,
    /// To an account whose password is to be reset. Needs a link.
    Reset,
    /// To an account whose address was registered again with another password, before it was confirmed. Needs a link.
    ChoosePassword,
    /// To the new address of an account: confirm it. Needs a link.
    ChangeEmail,
    /// To the current address of an account: another one is to be confirmed. Needs a link.
    EmailChanging,
    /// To the former address of an account, after its new one was confirmed. Needs a link.
    EmailMoved,
    /// To the address of an account that has it again.
    EmailRestored,
    /// To an account whose password was changed.
    PasswordChanged,
    /// To an account whose second factor was set up.
    SecondFactorEnabled,
    /// To an account whose second factor was removed.
    SecondFactorRemoved,
    /// To an account whose recovery codes were replaced.
    RecoveryCodesRenewed,
    /// To an account for which a recovery code was used.
    RecoveryCodeUsed,
    /// To an account at whose second factor someone guesses, with the right password.
    WrongCodes,
    /// To an account whose role an administrator changed.
    RoleChanged,
    /// To an account whose sessions an administrator or operator ended.
    SessionsEnded,
    /// To an account that was deleted.
    AccountDeleted,
    /// To an account that an administrator restored.
    AccountRestored,
    /// To an account of which a session was ended because a replaced refresh token was used.
    SessionReused,
    /// To approvers: another account requests access to the database.
    AccessRequested,
    /// To the requester, the other approvers and the administrators: access to the database was approved.
    AccessApproved,
    /// To an account whose request for access to the database was denied.
    AccessDenied,
    /// To an account for which a database login was issued.
    AccessLoginIssued,
    /// To an account whose access to the database has ended.
    AccessEnded,
}

impl MailKind {
    /// All kinds.
    pub const ALL: [Self; 25] = [
        Self::Confirm,
        Self::AlreadyRegistered,
        Self::Invite,
        Self::Reset,
        Self::ChoosePassword,
        Self::ChangeEmail,
        Self::EmailChanging,
        Self::EmailMoved,
        Self::EmailRestored,
        Self::PasswordChanged,
        Self::SecondFactorEnabled,
        Self::SecondFactorRemoved,
        Self::RecoveryCodesRenewed,
        Self::RecoveryCodeUsed,
        Self::WrongCodes,
        Self::RoleChanged,
        Self::SessionsEnded,
        Self::AccountDeleted,
        Self::AccountRestored,
        Self::SessionReused,
        Self::AccessRequested,
        Self::AccessApproved,
        Self::AccessDenied,
        Self::AccessLoginIssued,
        Self::AccessEnded,
    ];

    /// Its name in the outbox.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::AlreadyRegistered => "already_registered",
            Self::Invite => "invite",
            Self::Reset => "reset",
            Self::ChoosePassword => "choose_password",
            Self::ChangeEmail => "change_email",
            Self::EmailChanging => "email_changing",
            Self::EmailMoved => "email_moved",
            Self::EmailRestored => "email_restored",
            Self::PasswordChanged => "password_changed",
            Self::SecondFactorEnabled => "second_factor_enabled",
            Self::SecondFactorRemoved => "second_factor_removed",
            Self::RecoveryCodesRenewed => "recovery_codes_renewed",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::WrongCodes => "wrong_codes",
            Self::RoleChanged => "role_changed",
            Self::SessionsEnded => "sessions_ended",
            Self::AccountDeleted => "account_deleted",
            Self::AccountRestored => "account_restored",
            Self::SessionReused => "session_reused",
            Self::AccessRequested => "access_requested",
            Self::AccessApproved => "access_approved",
            Self::AccessDenied => "access_denied",
            Self::AccessLoginIssued => "access_login_issued",
            Self::AccessEnded => "access_ended",
        }
    }

    /// The kind of this name; `None`: a later version wrote it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether a mail of this kind carries a link with a token.
    pub fn has_token(self) -> bool {
        match self {
            Self::Confirm
            | Self::Invite
            | Self::Reset
            | Self::ChoosePassword
            | Self::ChangeEmail
            | Self::EmailChanging
            | Self::EmailMoved => true,
            Self::AlreadyRegistered
            | Self::EmailRestored
            | Self::PasswordChanged
            | Self::SecondFactorEnabled
            | Self::SecondFactorRemoved
            | Self::RecoveryCodesRenewed
            | Self::RecoveryCodeUsed
            | Self::WrongCodes
            | Self::RoleChanged
            | Self::SessionsEnded
            | Self::AccountDeleted
            | Self::AccountRestored
            | Self::SessionReused
            | Self::AccessRequested
            | Self::AccessApproved
            | Self::AccessDenied
            | Self::AccessLoginIssued
            | Self::AccessEnded => false,
        }
    }
}
