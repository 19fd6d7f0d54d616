//! Messages shown once after a redirect. They travel in a cookie, because anyone can put text into a link.

/// A message about a completed action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flash {
    /// A wish was created.
    Added,
    /// Changes were saved.
    Saved,
    /// A wish was marked as fulfilled.
    Done,
    /// A wish was marked as open.
    Open,
    /// A wish was deleted.
    Deleted,
    /// An address was confirmed.
    Confirmed,
    /// A password was set by a mailed link.
    PasswordSet,
    /// A new address was confirmed.
    EmailChanged,
    /// A change of the address was cancelled.
    EmailUnchanged,
    /// A former address was restored.
    EmailRestored,
    /// A new address awaits confirmation.
    EmailRequested,
    /// A password was changed by its owner.
    PasswordChanged,
    /// A second factor was removed.
    SecondFactorRemoved,
    /// An account was deleted.
    AccountDeleted,
    /// A form did nothing because it was opened before another sign-in or sign-out.
    Outdated,
}

impl Flash {
    const ALL: [Self; 15] = [
        Self::Added,
        Self::Saved,
        Self::Done,
        Self::Open,
        Self::Deleted,
        Self::Confirmed,
        Self::PasswordSet,
        Self::EmailChanged,
        Self::EmailUnchanged,
        Self::EmailRestored,
        Self::EmailRequested,
        Self::PasswordChanged,
        Self::SecondFactorRemoved,
        Self::AccountDeleted,
        Self::Outdated,
    ];

    /// The value of the cookie.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Saved => "saved",
            Self::Done => "done",
            Self::Open => "open",
            Self::Deleted => "deleted",
            Self::Confirmed => "confirmed",
            Self::PasswordSet => "password-set",
            Self::EmailChanged => "email-changed",
            Self::EmailUnchanged => "email-unchanged",
            Self::EmailRestored => "email-restored",
            Self::EmailRequested => "email-requested",
            Self::PasswordChanged => "password-changed",
            Self::SecondFactorRemoved => "second-factor-removed",
            Self::AccountDeleted => "account-deleted",
            Self::Outdated => "outdated",
        }
    }

    /// The message for a cookie value.
    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flash| flash.as_str() == value)
    }

    /// The text on the page.
    pub fn text(self) -> &'static str {
        match self {
            Self::Added => "Your wish is on the list.",
            Self::Saved => "Your changes are saved.",
            Self::Done => "Well done! Your wish is fulfilled.",
            Self::Open => "Your wish is open again.",
            Self::Deleted => "Your wish is deleted.",
            Self::Confirmed => "Your address is confirmed. You can sign in now.",
            Self::PasswordSet => "Your password is set. You can sign in with it now.",
            Self::EmailChanged => "Your new address is confirmed. Sign in with it from now on.",
            Self::EmailUnchanged => "Your address stays as it is.",
            Self::EmailRestored => "Your former address is restored. Choose a new password now.",
            Self::EmailRequested => {
                "We sent a link to your new address. It replaces the old one once you open the link."
            }
            Self::PasswordChanged => "Your password is changed. You are signed out everywhere else.",
            Self::SecondFactorRemoved => "Your second factor is removed. You are signed out everywhere else.",
            Self::AccountDeleted => "Your account is deleted. All the best!",
            Self::Outdated => {
                "Nothing was changed, because you signed in or out in another window. Please try again."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Flash;

    #[test]
    fn every_message_round_trips_through_its_cookie() {
        for flash in Flash::ALL {
            assert_eq!(Flash::parse(flash.as_str()), Some(flash));
            assert!(flash.text().ends_with(['.', '!']));
        }
        assert_eq!(Flash::parse("<b>"), None);
    }
}
