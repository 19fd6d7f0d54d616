//! Account ids and states.

use super::number_id::number_id;

number_id! {
    /// Id of an account.
    AccountId
}

impl AccountId {
    /// The subject of audit events, for example `account:7`.
    pub fn subject(self) -> String {
        format!("account:{self}")
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
