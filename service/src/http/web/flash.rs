//! The word about what was just done, carried over one redirect in a cookie: what stands in the address could be made up
//! by anybody.

/// What was just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A wish is new.
    Added,
    /// A wish is not as it was.
    Saved,
    /// A wish has come true.
    Done,
    /// It has not, after all.
    Open,
    /// A wish is gone.
    Deleted,
    /// An address is proven.
    Confirmed,
    /// A password is new.
    PasswordSet,
    /// Another address is proven.
    EmailChanged,
    /// Another address waits for its proof.
    EmailAsked,
    /// A password is new, by who knew the one before.
    PasswordChanged,
    /// An account is gone.
    Left,
}

impl Notice {
    const ALL: [Self; 11] = [
        Self::Added,
        Self::Saved,
        Self::Done,
        Self::Open,
        Self::Deleted,
        Self::Confirmed,
        Self::PasswordSet,
        Self::EmailChanged,
        Self::EmailAsked,
        Self::PasswordChanged,
        Self::Left,
    ];

    /// The word in the cookie.
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
            Self::EmailAsked => "email-asked",
            Self::PasswordChanged => "password-changed",
            Self::Left => "left",
        }
    }

    /// The notice of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.as_str() == word)
    }

    /// The sentence on the page.
    pub fn text(self) -> &'static str {
        match self {
            Self::Added => "Your wish is on the list.",
            Self::Saved => "Your changes are saved.",
            Self::Done => "Well done! Your wish has come true.",
            Self::Open => "Your wish is open again.",
            Self::Deleted => "Your wish is deleted.",
            Self::Confirmed => "Your address is confirmed. You can sign in now.",
            Self::PasswordSet => "Your password is set. You can sign in with it now.",
            Self::EmailChanged => "Your new address is confirmed. Sign in with it from now on.",
            Self::EmailAsked => {
                "A link is on its way to your new address. Until you follow it, the old one stays."
            }
            Self::PasswordChanged => "Your password is changed, and every other session has ended.",
            Self::Left => "Your account is deleted. All the best!",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Notice;

    #[test]
    fn every_notice_is_read_back_from_its_word() {
        for notice in Notice::ALL {
            assert_eq!(Notice::parse(notice.as_str()), Some(notice));
            assert!(notice.text().ends_with(['.', '!']));
        }
        assert_eq!(Notice::parse("<b>"), None);
    }
}
