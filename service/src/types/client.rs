//! Machine clients (RFC 6749 §4.4): their ids, names and scopes, and the credentials with which they authenticate.

use super::role::Scope;
use super::visible_line::{LineError, visible_line};
use chrono::TimeDelta;
use std::fmt;
use uuid::Uuid;

/// The id of a client, which is also its `client_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientId(Uuid);

impl ClientId {
    /// A new id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The id of a stored client.
    pub fn of(id: Uuid) -> Self {
        Self(id)
    }

    /// Parses an id. Only the canonical form is accepted.
    pub fn parse(text: &str) -> Option<Self> {
        canonical_uuid(text).map(Self)
    }

    /// The id for queries.
    pub fn get(self) -> Uuid {
        self.0
    }

    /// The client as the subject of audit events.
    pub fn subject(self) -> String {
        format!("client:{self}")
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A name of 1 to 100 characters on one visible line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientName(String);

impl ClientName {
    /// Maximum length in characters.
    pub const MAX_LENGTH: usize = 100;

    /// Parses a name. Surrounding white space is trimmed.
    pub fn parse(text: &str) -> Option<Self> {
        Self::check(text).ok()
    }

    /// The same, with the reason of a rejection.
    pub fn check(text: &str) -> Result<Self, LineError> {
        visible_line(text, Self::MAX_LENGTH).map(|name| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The scopes of a client or of its token: at least one, each of them once, in the order of [`Scope::OF_CLIENTS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientScopes(Vec<Scope>);

impl ClientScopes {
    /// Parses names. `None`: there is none, one is repeated, or one is no scope that a client can have.
    pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut given = Vec::new();
        for name in names {
            let scope = Scope::OF_CLIENTS
                .into_iter()
                .find(|scope| scope.as_str() == name)?;
            if given.contains(&scope) {
                return None;
            }
            given.push(scope);
        }
        Self::of(|scope| given.contains(&scope))
    }

    /// Parses the format of the `scope` claim (RFC 6749 §3.3).
    pub fn parse(text: &str) -> Option<Self> {
        Self::of_names(text.split(' '))
    }

    /// Those of both. `None`: there is none.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        Self::of(|scope| self.contains(scope) && other.contains(scope))
    }

    /// Whether this scope is one of them.
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether all of them are among these.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.0.iter().all(|scope| other.contains(*scope))
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|scope| scope.as_str())
    }

    /// The format of the `scope` claim.
    pub fn text(&self) -> String {
        self.names().collect::<Vec<_>>().join(" ")
    }

    fn of(is_member: impl Fn(Scope) -> bool) -> Option<Self> {
        let members: Vec<Scope> = Scope::OF_CLIENTS
            .into_iter()
            .filter(|scope| is_member(*scope))
            .collect();
        (!members.is_empty()).then_some(Self(members))
    }
}

/// How a client authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// With a secret (`client_secret_basic`).
    Secret,
    /// With an assertion that it signs (`private_key_jwt`).
    Key,
}

impl CredentialKind {
    /// Name in the database and in audit events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Key => "key",
        }
    }
}

/// The id of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialId(Uuid);

impl CredentialId {
    /// A new id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Parses an id. Only the canonical form is accepted.
    pub fn parse(text: &str) -> Option<Self> {
        canonical_uuid(text).map(Self)
    }

    /// The id for queries.
    pub fn get(self) -> Uuid {
        self.0
    }
}

/// How long a credential is valid, in days: one that its owners forget ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialLifetime(i32);

impl CredentialLifetime {
    /// Maximum number of days.
    pub const MAX: i32 = 730;

    /// Within 1 to [`Self::MAX`] days.
    pub fn of(days: i64) -> Option<Self> {
        let days = i32::try_from(days).ok()?;
        (1..=Self::MAX).contains(&days).then_some(Self(days))
    }

    /// The duration.
    pub fn duration(self) -> TimeDelta {
        TimeDelta::days(i64::from(self.0))
    }

    /// The days.
    pub fn days(self) -> i32 {
        self.0
    }
}

impl Default for CredentialLifetime {
    fn default() -> Self {
        Self(365)
    }
}

fn canonical_uuid(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    (id.to_string() == text).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_ids_parse() {
        let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        assert_eq!(ClientId::parse(id).unwrap().to_string(), id);
        for bad in [
            "",
            "7",
            "67E55044-10B1-426F-9247-BB680E5FE0C8",
            "67e5504410b1426f9247bb680e5fe0c8",
            "{67e55044-10b1-426f-9247-bb680e5fe0c8}",
            "67e55044-10b1-426f-9247-bb680e5fe0c8 ",
        ] {
            assert_eq!(ClientId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_scopes_that_a_client_can_have_parse() {
        let both = ClientScopes::parse("tokens:introspect rates:write").unwrap();
        assert_eq!(both.text(), "rates:write tokens:introspect");
        let one = ClientScopes::parse("rates:write").unwrap();
        assert!(one.is_subset_of(&both) && !both.is_subset_of(&one));
        assert_eq!(both.intersection(&one), Some(one.clone()));
        assert_eq!(
            ClientScopes::parse("tokens:introspect")
                .unwrap()
                .intersection(&one),
            None
        );
        for bad in [
            "",
            " ",
            "profile",
            "users:write",
            "rates:write profile",
            "rates:write rates:write",
            "rates:write  tokens:introspect",
            "Rates:write",
            "rates:write\ttokens:introspect",
        ] {
            assert_eq!(ClientScopes::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_lifetime_is_bounded() {
        for days in [0, -1, 731, i64::MAX] {
            assert_eq!(CredentialLifetime::of(days), None);
        }
        assert_eq!(
            CredentialLifetime::of(730).unwrap().duration(),
            TimeDelta::days(730)
        );
    }
}
