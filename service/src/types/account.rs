//! Account ids and states.

use std::fmt;

/// Id of an account: positive, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(i64);

impl AccountId {
    /// Wraps an id from the database.
    pub fn of(number: i64) -> Self {
        Self(number)
    }

    /// Parses 1 to 2^63 - 1: digits only, no leading zeros.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        text.parse().ok().filter(|number| digits && *number > 0).map(Self)
    }

    /// The subject of audit events, for example `account:7`.
    pub fn subject(self) -> String {
        format!("account:{self}")
    }

    /// The id as a number.
    pub fn get(self) -> i64 {
        self.0
    }
}

/// State of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountState {
    /// Created by an administrator; has no password yet.
    Invited,
    /// Registered, but the address is not confirmed.
    Unconfirmed,
    /// May sign in.
    Active,
}

impl AccountState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Invited, Self::Unconfirmed, Self::Active];

    /// Name in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Unconfirmed => "unconfirmed",
            Self::Active => "active",
        }
    }

    /// Parses a name.
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
    fn every_state_parses_from_its_name() {
        for state in AccountState::ALL {
            assert_eq!(AccountState::parse(state.as_str()), Some(state));
        }
        assert_eq!(AccountState::parse("Active"), None);
    }

    #[test]
    fn an_id_has_exactly_one_spelling() {
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
