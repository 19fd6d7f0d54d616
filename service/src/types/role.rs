//! Roles, and what each may do: the one table that every check of a right goes back to.
use std::fmt;

/// What somebody is to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Has wishes.
    User,
    /// Administers accounts and reads the audit events.
    Admin,
    /// Approves requests for access to the database.
    Approver,
    /// Stores prices.
    Ingest,
}

/// A right, as it stands in a token's `scope` (RFC 8693 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One's own account and sessions.
    Profile,
    /// One's own wishes.
    Wishes,
    /// See accounts.
    UsersRead,
    /// Make, change, delete and restore accounts.
    UsersWrite,
    /// See audit events.
    AuditRead,
    /// Ask whether a token is valid (RFC 7662).
    TokensIntrospect,
    /// Approve requests for access.
    AccessApprove,
    /// Store prices.
    RatesWrite,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::User, Self::Admin, Self::Approver, Self::Ingest];

    /// The word in the API, in tokens and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::Approver => "approver",
            Self::Ingest => "ingest",
        }
    }

    /// The role of a word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// What it may do. An administrator does not store prices and approves nothing: duties are kept apart.
    pub fn scopes(self) -> &'static [Scope] {
        match self {
            Self::User => &[Scope::Profile, Scope::Wishes],
            Self::Admin => &[
                Scope::Profile,
                Scope::Wishes,
                Scope::UsersRead,
                Scope::UsersWrite,
                Scope::AuditRead,
                Scope::TokensIntrospect,
            ],
            Self::Approver => &[Scope::Profile, Scope::Wishes, Scope::AccessApprove],
            Self::Ingest => &[Scope::Profile, Scope::Wishes, Scope::RatesWrite],
        }
    }

    /// All its scopes as a token carries them, separated by spaces.
    pub fn scope_text(self) -> String {
        let words: Vec<&str> = self.scopes().iter().map(|scope| scope.as_str()).collect();
        words.join(" ")
    }
}

impl Scope {
    /// The word in tokens and in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Wishes => "wishes",
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
            Self::AuditRead => "audit:read",
            Self::TokensIntrospect => "tokens:introspect",
            Self::AccessApprove => "access:approve",
            Self::RatesWrite => "rates:write",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_read_back_from_its_word() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            assert!(role.scopes().contains(&Scope::Profile));
        }
        assert_eq!(Role::parse("Admin"), None);
        assert_eq!(Role::User.scope_text(), "profile wishes");
    }
}
