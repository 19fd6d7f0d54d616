//! Evidence of authentication in the type system. Only `sessions` creates these values, so a function that takes one
//! cannot be called for an unauthenticated request.

use crate::db::{PgConnection, QueryResult, sessions};
use crate::types::account::AccountId;
use crate::types::role::{Role, Scope};
use uuid::Uuid;

/// An authenticated account and its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub(super) account: AccountId,
    pub(super) session: Uuid,
    pub(super) role: Role,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) must_set_up_second_factor: bool,
    pub(super) is_recently_proven: bool,
}

/// An authenticated account whose credentials were verified recently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentlyProven(SignedIn);

/// An authenticated account that decides on requests for access, and whose credentials were verified recently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver(SignedIn);

/// An authenticated administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin(SignedIn);

impl SignedIn {
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

    /// Whether the account must have a second factor and has none: until then it may only set one up and log out.
    pub fn must_set_up_second_factor(&self) -> bool {
        self.must_set_up_second_factor
    }

    /// Whether the credentials were verified recently, at login or since.
    pub fn is_recently_proven(&self) -> bool {
        self.is_recently_proven
    }

    /// The same, if the credentials were verified recently: an unattended or stolen session is not enough for what it permits
    /// (ASVS v5.0.0-7.5.2).
    pub fn as_recently_proven(&self) -> Option<RecentlyProven> {
        self.is_recently_proven.then(|| self.just_proven())
    }

    /// The same after the credentials were verified again.
    pub(super) fn just_proven(&self) -> RecentlyProven {
        RecentlyProven(self.clone())
    }

    /// Whether the session is still active. A transaction asks after it has its locks: it may have waited for one that ended the
    /// session, such as a password reset or the removal of the role.
    pub fn is_still_signed_in(&self, conn: &mut PgConnection) -> QueryResult<bool> {
        sessions::is_active(conn, self.session)
    }

    /// Whether the role grants this scope.
    pub fn may(&self, scope: Scope) -> bool {
        self.role.scopes().contains(&scope)
    }

    /// The same as an approver, if the role may approve access and the credentials were verified recently.
    pub fn as_approver(&self) -> Option<Approver> {
        let may = self.may(Scope::AccessApprove) && !self.must_set_up_second_factor;
        (may && self.is_recently_proven).then(|| Approver(self.clone()))
    }

    /// The same as an administrator, if the role is `admin` and not restricted.
    pub fn as_admin(&self) -> Option<Admin> {
        let is_admin = self.role == Role::Admin && !self.must_set_up_second_factor;
        is_admin.then(|| Admin(self.clone()))
    }
}

impl RecentlyProven {
    /// The account and its session.
    pub fn signed_in(&self) -> &SignedIn {
        &self.0
    }
}

impl Approver {
    /// The account and its session.
    pub fn signed_in(&self) -> &SignedIn {
        &self.0
    }
}

impl Admin {
    /// The same without the administrator's privilege.
    pub fn signed_in(&self) -> &SignedIn {
        &self.0
    }
}
