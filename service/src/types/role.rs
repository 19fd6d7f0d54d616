//! Roles and their scopes: the one table behind every permission check.

use std::fmt;

/// Role of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Manages own wishes.
    User,
    /// Manages accounts and reads audit events.
    Admin,
    /// Approves requests for access to the database.
    Approver,
    /// Stores prices.
    Ingest,
    /// A service that introspects tokens, and does nothing else.
    Introspector,
}

/// A permission, as listed in a token's `scope` claim (RFC 8693 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Own account and sessions.
    Profile,
    /// Own wishes.
    Wishes,
    /// Read accounts.
    UsersRead,
    /// Create, change, delete and restore accounts.
    UsersWrite,
    /// Read audit events.
    AuditRead,
    /// Introspect tokens (RFC 7662).
    TokensIntrospect,
    /// Approve requests for access.
    AccessApprove,
    /// Store prices.
    RatesWrite,
    /// Create, change and revoke machine clients.
    ClientsManage,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [
        Self::User,
        Self::Admin,
        Self::Approver,
        Self::Ingest,
        Self::Introspector,
    ];

    /// Name in the API, in tokens and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::Approver => "approver",
            Self::Ingest => "ingest",
            Self::Introspector => "introspector",
        }
    }

    /// Parses a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// The permissions of the role. Separation of duties: administrators neither store prices nor approve access.
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
                Scope::ClientsManage,
            ],
            Self::Approver => &[Scope::Profile, Scope::Wishes, Scope::AccessApprove],
            Self::Ingest => &[Scope::Profile, Scope::Wishes, Scope::RatesWrite],
            Self::Introspector => &[Scope::TokensIntrospect],
        }
    }

    /// The scopes in the format of the `scope` claim, separated by spaces.
    pub fn scope_text(self) -> String {
        let names: Vec<&str> = self.scopes().iter().map(|scope| scope.as_str()).collect();
        names.join(" ")
    }
}

impl Scope {
    /// Those that a machine client can have: none of a person, and none that manages something.
    pub const OF_CLIENTS: [Self; 2] = [Self::RatesWrite, Self::TokensIntrospect];

    /// Name in tokens and in the OpenAPI document.
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
            Self::ClientsManage => "clients:manage",
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
    fn every_role_parses_from_its_name() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            assert_eq!(
                role.scopes().contains(&Scope::Profile),
                role != Role::Introspector
            );
        }
        assert_eq!(Role::parse("Admin"), None);
        assert_eq!(Role::User.scope_text(), "profile wishes");
    }
}
