//! An account: its number, and how far it has come.
use std::fmt;

/// Positive, never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(i64);

impl AccountId {
    /// A number that the database gave.
    pub fn of(number: i64) -> Self {
        Self(number)
    }

    /// Digits only, 1 to 2^63 - 1, without leading zeros.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        text.parse().ok().filter(|number| digits && *number > 0).map(Self)
    }

    /// How audit events name it: `account:7`.
    pub fn subject(self) -> String {
        format!("account:{self}")
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

/// How far an account has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountState {
    /// Made by an administrator; has no password yet.
    Invited,
    /// Has a password; the address is not proven.
    Unconfirmed,
    /// May sign in.
    Active,
}

impl AccountState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Invited, Self::Unconfirmed, Self::Active];

    /// The word in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Unconfirmed => "unconfirmed",
            Self::Active => "active",
        }
    }

    /// The state of a word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{AccountId, AccountState};

    #[test]
    fn every_state_is_read_back_from_its_word() {
        for state in AccountState::ALL {
            assert_eq!(AccountState::parse(state.as_str()), Some(state));
        }
        assert_eq!(AccountState::parse("Active"), None);
    }

    #[test]
    fn one_spelling_a_number() {
        assert_eq!(AccountId::parse("17").map(AccountId::get), Some(17));
        assert_eq!(
            AccountId::parse("9223372036854775807").map(AccountId::get),
            Some(i64::MAX)
        );
        for bad in [
            "",
            "0",
            "-1",
            "+1",
            "01",
            "abc",
            "1.0",
            "9223372036854775808",
            " 1",
        ] {
            assert_eq!(AccountId::parse(bad), None, "{bad:?}");
        }
    }
}
