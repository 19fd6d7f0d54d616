//! Access to the database: what a person may request, for how long and why.

use super::number_id::number_id;
use super::visible_line::{LineError, visible_line};

/// What a login may read. Each level is a group of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessLevel {
    /// Prices, sums, ports and regions.
    RatesRead,
    /// Accounts, sessions and audit events, without password hashes, second factors and tokens.
    AccountsAudit,
}

impl AccessLevel {
    /// All levels.
    pub const ALL: [Self; 2] = [Self::RatesRead, Self::AccountsAudit];

    /// Name in the API, in the database and in Vault's role.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RatesRead => "rates-read",
            Self::AccountsAudit => "accounts-audit",
        }
    }

    /// Parses a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

/// State of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessState {
    /// Waits for a decision.
    Requested,
    /// Approved; has a login.
    Approved,
    /// Denied.
    Denied,
    /// Taken back by the requester before a decision.
    Withdrawn,
    /// Approved once, and over: expired or revoked.
    Ended,
}

impl AccessState {
    /// All states.
    pub const ALL: [Self; 5] = [
        Self::Requested,
        Self::Approved,
        Self::Denied,
        Self::Withdrawn,
        Self::Ended,
    ];

    /// Name in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::Ended => "ended",
        }
    }

    /// Parses a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

number_id! {
    /// Id of a request.
    AccessRequestId
}

impl AccessRequestId {
    /// The subject of audit events, for example `access_request:7`.
    pub fn subject(self) -> String {
        format!("access_request:{self}")
    }
}

/// Why access is requested, approved or denied: 1 to 500 characters on one visible line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessReason(String);

impl AccessReason {
    /// Maximum length in characters.
    pub const MAX_LENGTH: usize = 500;

    /// Parses a reason. Surrounding white space is trimmed.
    pub fn parse(text: &str) -> Option<Self> {
        Self::check(text).ok()
    }

    /// The same, with the reason of a rejection.
    pub fn check(text: &str) -> Result<Self, LineError> {
        visible_line(text, Self::MAX_LENGTH).map(|reason| Self(reason.to_owned()))
    }

    /// The reason.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// For how long access is requested: 1 to 8760 hours, which are 365 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessHours(i32);

impl AccessHours {
    /// The longest period.
    pub const MAX: i32 = 8_760;

    /// A period of this many hours.
    pub fn of(hours: i64) -> Option<Self> {
        let hours = i32::try_from(hours).ok()?;
        (1..=Self::MAX).contains(&hours).then_some(Self(hours))
    }

    /// The number of hours.
    pub fn get(self) -> i32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_exactly() {
        for level in AccessLevel::ALL {
            assert_eq!(AccessLevel::parse(level.as_str()), Some(level));
        }
        for state in AccessState::ALL {
            assert_eq!(AccessState::parse(state.as_str()), Some(state));
        }
        assert_eq!(AccessLevel::parse("Rates-read"), None);
        assert_eq!(AccessState::parse(""), None);
    }

    #[test]
    fn a_period_has_an_hour_to_a_year() {
        assert_eq!(AccessHours::of(1).map(AccessHours::get), Some(1));
        assert_eq!(AccessHours::of(8_760).map(AccessHours::get), Some(8_760));
        for bad in [0, -1, 8_761, i64::MAX, i64::MIN] {
            assert_eq!(AccessHours::of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_reason_is_one_visible_line() {
        assert_eq!(AccessReason::parse(" audit Q3 ").unwrap().as_str(), "audit Q3");
        for bad in ["", "  ", "a\nb", "a\u{202e}b", &"x".repeat(501)] {
            assert!(AccessReason::parse(bad).is_none(), "{bad:?}");
        }
    }
}
