//! Proofs that somebody is signed in, and that an administrator is. Only `sessions` makes them; functions that must not
//! be called by anybody else required one.
use crate::types::account::AccountId;
use crate::types::role::{Role, Scope};
use uuid::Uuid;

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    account: AccountId,
    session: Uuid,
    role: Role,
    email: String,
    name: String,
}

/// An administrator who is signed in.
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

    /// The account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The session.
    pub fn session(&self) -> Uuid {
        self.session
    }

    /// The role, as it is now.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The address.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The name; empty where none was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the role has this right.
    pub fn may(&self, scope: Scope) -> bool {
        self.role.scopes().contains(&scope)
    }

    /// The proof that this is an administrator, if so.
    pub fn as_admin(&self) -> Option<Admin> {
        (self.role == Role::Admin).then(|| Admin(self.clone()))
    }
}

impl Admin {
    /// The same, as somebody who is signed in.
    pub fn signed_in(&self) -> &SignedIn {
        &self.0
    }
}
