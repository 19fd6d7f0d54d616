//! Evidence of authentication in the type system. Only `sessions` creates these values, so a function that takes one
//! cannot be called for an unauthenticated request.

use crate::types::account::AccountId;
use crate::types::role::{Role, Scope};
use uuid::Uuid;

/// An authenticated account and its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    account: AccountId,
    session: Uuid,
    role: Role,
    email: String,
    name: String,
}

/// An authenticated administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin(SignedIn);

impl SignedIn {
    pub(super) fn new(account: AccountId, session: Uuid, role: Role, email: String, name: String) -> Self {
        Self {
            account,
            session,
            role,
            email,
            name,
        }
    }

    /// The account's id.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The session's id.
    pub fn session(&self) -> Uuid {
        self.session
    }

    /// The account's current role, not the one at login.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The account's address.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The account's name; may be empty.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the role grants this scope.
    pub fn may(&self, scope: Scope) -> bool {
        self.role.scopes().contains(&scope)
    }

    /// The same as an administrator, if the role is `admin`.
    pub fn as_admin(&self) -> Option<Admin> {
        (self.role == Role::Admin).then(|| Admin(self.clone()))
    }
}

impl Admin {
    /// The same without the administrator's privilege.
    pub fn signed_in(&self) -> &SignedIn {
        &self.0
    }
}
