//! Changes that administrators make to users. A change, its mails and its audit events share one transaction.

use super::Users;
use super::error::UserError;
use crate::crypto::data_keys::DataKeys;
use crate::db::accounts::{self, AccountRow, NewAccount, links};
use crate::db::audit::{self, Event};
use crate::db::users::{self, Replacement};
use crate::db::{PgConnection, QueryResult, sessions};
use crate::domain::accounts::access_end::end_access;
use crate::domain::accounts::{account_mails, unconfirmed};
use crate::domain::sessions::caller::{Admin, SignedIn};
use crate::mail::kind::MailKind;
use crate::types::access_end::AccessEnd;
use crate::types::account::{AccountId, AccountState};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use crate::types::version_precondition::VersionPrecondition;
use serde_json::{Value, json};

/// A user to create.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The address.
    pub email: Email,
    /// The name; the user may choose another one when accepting the invitation.
    pub name: Option<PersonName>,
    /// The role.
    pub role: Role,
}

/// A user's new values; `None` leaves a field as it is.
#[derive(Clone, Debug)]
pub struct Change {
    /// The address.
    pub email: Email,
    /// The name.
    pub name: Option<PersonName>,
    /// The role.
    pub role: Option<Role>,
}

/// The result of a transaction's work; nothing was written if the inner result is an error.
type TxResult = QueryResult<Result<AccountRow, UserError>>;

impl Users {
    /// Creates an invited account and mails the invitation.
    pub async fn create(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        new: NewUser,
    ) -> Result<AccountRow, UserError> {
        if new.role != Role::User {
            Self::require_proof(admin)?;
        }
        let (key, by) = (self.0.key.clone(), Author::of(admin, client));
        let created = self.0.db.tx("create_user", move |conn| {
            let account = NewAccount {
                email: &new.email,
                name: new.name.as_ref().map_or("", PersonName::as_str),
                role: new.role,
                state: AccountState::Invited,
            };
            if !by.admin.is_still_signed_in(conn)? {
                return Ok(Err(UserError::SignedOut));
            }
            let Some(row) = accounts::create(conn, &account)? else {
                return Ok(Err(UserError::EmailTaken));
            };
            account_mails::enqueue_pending_link(conn, &key, &row)?;
            by.append_event(conn, "account.invited", &row, json!({ "role": row.role }))?;
            Ok(Ok(row))
        });
        created.await?
    }

    /// Updates a user. A new role ends the user's sessions. A new address is allowed only while none is confirmed, and
    /// voids the links that were mailed to the old one.
    pub async fn update(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: AccountId,
        expected: VersionPrecondition,
        change: Change,
    ) -> Result<AccountRow, UserError> {
        let (key, by) = (self.0.key.clone(), Author::of(admin, client));
        let proof = Self::require_proof(admin);
        let changed = self.0.db.tx("update_user", move |conn| {
            if change.role.is_some() {
                accounts::lock_admins(conn)?;
            }
            let row = match current(conn, &by, id, &expected)? {
                Ok(row) => row,
                Err(error) => return Ok(Err(error)),
            };
            let demotes = change.role.is_some_and(|role| role != Role::Admin);
            if demotes && is_last_admin(conn, &row)? {
                return Ok(Err(UserError::LastAdmin));
            }
            // A different case is still the same mailbox.
            let changes_email = !change.email.as_str().eq_ignore_ascii_case(&row.email);
            if changes_email && row.is(AccountState::Active) {
                return Ok(Err(UserError::EmailConfirmed));
            }
            let changes_role = change.role.is_some_and(|role| role.as_str() != row.role);
            // The reader of the new address gets the role: moving an invitation is granting it.
            let moves_role = changes_email && row.role != Role::User.as_str();
            if (changes_role || moves_role)
                && let Err(error) = proof
            {
                return Ok(Err(error));
            }
            if changes_role && row.is(AccountState::Unconfirmed) {
                return Ok(Err(UserError::EmailNotConfirmed));
            }
            replace(conn, &key, &by, &row, &change).map(Ok)
        });
        changed.await?
    }

    /// Deletes a user and ends the sessions. The account can be restored.
    pub async fn delete(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: AccountId,
        expected: VersionPrecondition,
    ) -> Result<AccountRow, UserError> {
        Self::require_proof(admin)?;
        let by = Author::of(admin, client);
        let deleted = self.0.db.tx("delete_user", move |conn| {
            accounts::lock_admins(conn)?;
            let row = match current(conn, &by, id, &expected)? {
                Ok(row) => row,
                Err(error) => return Ok(Err(error)),
            };
            if is_last_admin(conn, &row)? {
                return Ok(Err(UserError::LastAdmin));
            }
            let row = users::delete(conn, id)?;
            links::close_all(conn, id)?;
            sessions::end_all(conn, id, None, "account deleted")?;
            account_mails::enqueue(conn, MailKind::AccountDeleted, &row)?;
            by.end_access(conn, id, AccessEnd::AccountDeleted)?;
            by.append_event(conn, "account.deleted", &row, json!({ "by": "administrator" }))?;
            Ok(Ok(row))
        });
        deleted.await?
    }

    /// Restores a deleted user with its former role and state, and mails a pending link again. A registration that was never
    /// confirmed does not keep its address.
    pub async fn restore(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: AccountId,
    ) -> Result<AccountRow, UserError> {
        Self::require_proof(admin)?;
        let (key, by) = (self.0.key.clone(), Author::of(admin, client));
        let restored = self.0.db.tx("restore_user", move |conn| {
            if !by.admin.is_still_signed_in(conn)? {
                return Ok(Err(UserError::SignedOut));
            }
            let Some(deleted) = users::lock_deleted(conn, id)? else {
                return Ok(Err(UserError::NotFound));
            };
            let email = Email::parse(&deleted.email).filter(|_| deleted.is(AccountState::Active));
            let displaced = match email {
                Some(email) => unconfirmed::displace(conn, &email, id)?,
                None => None,
            };
            let row = users::restore(conn, id)?;
            if !account_mails::enqueue_pending_link(conn, &key, &row)? {
                account_mails::enqueue(conn, MailKind::AccountRestored, &row)?;
            }
            let actor = Some(by.admin.account());
            unconfirmed::append_displaced(conn, displaced.as_ref(), actor, &by.client)?;
            by.append_event(conn, "account.restored", &row, json!({ "role": row.role }))?;
            Ok(Ok(row))
        });
        restored.await?
    }

    /// Mails a new invitation and voids the former one.
    pub async fn invite(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: AccountId,
    ) -> Result<AccountRow, UserError> {
        let (key, by) = (self.0.key.clone(), Author::of(admin, client));
        let invited = self.0.db.tx("invite_user", move |conn| {
            let row = match current(conn, &by, id, &VersionPrecondition::Any)? {
                Ok(row) if row.is(AccountState::Invited) => row,
                Ok(_) => return Ok(Err(UserError::NotInvited)),
                Err(error) => return Ok(Err(error)),
            };
            account_mails::enqueue_pending_link(conn, &key, &row)?;
            by.append_event(conn, "account.invited", &row, json!({ "again": true }))?;
            Ok(Ok(row))
        });
        invited.await?
    }
}

/// Locks the user and checks its version against the precondition.
fn current(conn: &mut PgConnection, by: &Author, id: AccountId, expected: &VersionPrecondition) -> TxResult {
    let row = accounts::lock(conn, id)?;
    if !by.admin.is_still_signed_in(conn)? {
        return Ok(Err(UserError::SignedOut));
    }
    Ok(match row {
        None => Err(UserError::NotFound),
        Some(row) if !expected.matches(row.version) => Err(UserError::PreconditionFailed),
        Some(row) => Ok(row),
    })
}

fn is_last_admin(conn: &mut PgConnection, row: &AccountRow) -> QueryResult<bool> {
    let is_admin = row.role == Role::Admin.as_str() && row.is(AccountState::Active);
    Ok(is_admin && !accounts::has_other_admin(conn, Some(row.id()))?)
}

fn replace(
    conn: &mut PgConnection,
    key: &DataKeys,
    by: &Author,
    old: &AccountRow,
    change: &Change,
) -> QueryResult<AccountRow> {
    let replacement = Replacement {
        email: &change.email,
        name: change.name.as_ref().map(PersonName::as_str),
        role: change.role,
    };
    let new = users::replace(conn, old.id(), &replacement)?;
    if !new.email.eq_ignore_ascii_case(&old.email) {
        links::close_all(conn, old.id())?;
        account_mails::enqueue_pending_link(conn, key, &new)?;
    }
    let fields: Vec<&str> = [("email", new.email != old.email), ("name", new.name != old.name)]
        .into_iter()
        .filter(|(_, changed)| *changed)
        .map(|(field, _)| field)
        .collect();
    if new.role == old.role {
        by.append_event(conn, "account.changed", &new, json!({ "fields": fields }))?;
        return Ok(new);
    }
    sessions::end_all(conn, old.id(), None, "role changed")?;
    if new.is(AccountState::Active) {
        account_mails::enqueue(conn, MailKind::RoleChanged, &new)?;
    }
    by.end_access(conn, old.id(), AccessEnd::RoleChanged)?;
    if !fields.is_empty() {
        by.append_event(conn, "account.changed", &new, json!({ "fields": fields }))?;
    }
    by.append_event(
        conn,
        "role.changed",
        &new,
        json!({ "from": old.role, "to": new.role }),
    )?;
    Ok(new)
}

/// The administrator and the request that make a change.
struct Author {
    admin: SignedIn,
    client: ClientInfo,
}

impl Author {
    fn of(admin: &Admin, client: &ClientInfo) -> Self {
        Self {
            admin: admin.signed_in().clone(),
            client: client.clone(),
        }
    }

    /// Ends the user's access to the database.
    fn end_access(&self, conn: &mut PgConnection, id: AccountId, reason: AccessEnd) -> QueryResult<()> {
        end_access(conn, id, Some(self.admin.account()), &self.client, reason)
    }

    /// Appends an audit event. To be called last in its transaction.
    fn append_event(
        &self,
        conn: &mut PgConnection,
        action: &'static str,
        row: &AccountRow,
        detail: Value,
    ) -> QueryResult<()> {
        let event = Event {
            actor: Some(self.admin.account()),
            action,
            subject: row.id().subject(),
            client: &self.client,
            detail,
        };
        audit::append(conn, &event)
    }
}
