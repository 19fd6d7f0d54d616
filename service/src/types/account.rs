//! The number of an account.
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

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::AccountId;

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
