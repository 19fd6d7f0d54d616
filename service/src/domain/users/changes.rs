//! What administrators change. Each change, its mails and its audit events stand in one transaction.
use super::Users;
use super::outcome::UserError;
use crate::crypto::data_key::DataKey;
use crate::db::accounts::{self, AccountRow, NewAccount, links};
use crate::db::audit::{self, Event};
use crate::db::users::{self, Replacement};
use crate::db::{PgConnection, QueryResult, sessions};
use crate::domain::accounts::account_mails;
use crate::domain::sessions::caller::Admin;
use crate::types::account::{AccountId, AccountState};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use crate::types::version_precondition::VersionPrecondition;
use serde_json::{Value, json};

/// A user that is to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The address.
    pub email: Email,
    /// The name; the user may give another one when they accept.
    pub name: Option<PersonName>,
    /// The role.
    pub role: Role,
}

/// What a user is to be; `None`: as it is.
#[derive(Clone, Debug)]
pub struct Change {
    /// The address.
    pub email: Email,
    /// The name.
    pub name: Option<PersonName>,
    /// The role.
    pub role: Option<Role>,
}

/// What is done inside a transaction: nothing was written where it is refused.
type Done = QueryResult<Result<AccountRow, UserError>>;

impl Users {
    /// Makes an account and invites its owner.
    pub async fn create(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        new: NewUser,
    ) -> Result<AccountRow, UserError> {
        let (key, by) = (self.0.key.clone(), By::of(admin, client));
        let made = self.0.db.tx("create_user", move |conn| {
            let account = NewAccount {
                email: &new.email,
                name: new.name.as_ref().map_or("", PersonName::as_str),
                role: new.role,
                state: AccountState::Invited,
            };
            let Some(row) = accounts::create(conn, &account)? else {
                return Ok(Err(UserError::Taken));
            };
            account_mails::enqueue_pending_link(conn, &key, &row)?;
            by.note(conn, "account.invited", &row, json!({ "role": row.role }))?;
            Ok(Ok(row))
        });
        made.await?
    }

    /// Replaces what a user is. Another role ends the user's sessions; another address, as long as none is proven, voids the
    /// links that were mailed to the old one.
    pub async fn update(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: AccountId,
        expected: VersionPrecondition,
        change: Change,
    ) -> Result<AccountRow, UserError> {
        let (key, by) = (self.0.key.clone(), By::of(admin, client));
        let changed = self.0.db.tx("update_user", move |conn| {
            if change.role.is_some() {
                accounts::lock_admins(conn)?;
            }
            let row = match current(conn, id, &expected)? {
                Ok(row) => row,
                Err(refused) => return Ok(Err(refused)),
            };
            let demoted = change.role.is_some_and(|role| role != Role::Admin);
            if demoted && is_last_admin(conn, &row)? {
                return Ok(Err(UserError::LastAdmin));
            }
            // Another spelling of the same address is read by the same person.
            let moves = !change.email.as_str().eq_ignore_ascii_case(&row.email);
            if moves && row.is(AccountState::Active) {
                return Ok(Err(UserError::Proven));
            }
            let promoted = change.role.is_some_and(|role| role.as_str() != row.role);
            if promoted && row.is(AccountState::Unconfirmed) {
                return Ok(Err(UserError::Unproven));
            }
            replace(conn, &key, &by, &row, &change).map(Ok)
        });
        changed.await?
    }

    /// Deletes a user: whatever was signed in is not any more. The account can be restored.
    pub async fn delete(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: AccountId,
        expected: VersionPrecondition,
    ) -> Result<AccountRow, UserError> {
        let by = By::of(admin, client);
        let deleted = self.0.db.tx("delete_user", move |conn| {
            accounts::lock_admins(conn)?;
            let row = match current(conn, id, &expected)? {
                Ok(row) => row,
                Err(refused) => return Ok(Err(refused)),
            };
            if is_last_admin(conn, &row)? {
                return Ok(Err(UserError::LastAdmin));
            }
            let row = users::delete(conn, id)?;
            links::close_all(conn, id)?;
            sessions::end_all(conn, id, None, "account deleted")?;
            by.note(conn, "account.deleted", &row, json!({ "by": "administrator" }))?;
            Ok(Ok(row))
        });
        deleted.await?
    }

    /// Restores a deleted user, in the role and the state that it had. What is left to prove is asked for anew.
    pub async fn restore(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: AccountId,
    ) -> Result<AccountRow, UserError> {
        let (key, by) = (self.0.key.clone(), By::of(admin, client));
        let restored = self.0.db.tx("restore_user", move |conn| {
            let Some(row) = users::restore(conn, id)? else {
                return Ok(Err(UserError::Missing));
            };
            account_mails::enqueue_pending_link(conn, &key, &row)?;
            by.note(conn, "account.restored", &row, json!({ "role": row.role }))?;
            Ok(Ok(row))
        });
        restored.await?
    }

    /// Invites a user again, whose invitation has ended or was lost; the one before is void.
    pub async fn invite(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: AccountId,
    ) -> Result<AccountRow, UserError> {
        let (key, by) = (self.0.key.clone(), By::of(admin, client));
        let invited = self.0.db.tx("invite_user", move |conn| {
            let row = match current(conn, id, &VersionPrecondition::Any)? {
                Ok(row) if row.is(AccountState::Invited) => row,
                Ok(_) => return Ok(Err(UserError::NotInvited)),
                Err(refused) => return Ok(Err(refused)),
            };
            account_mails::enqueue_pending_link(conn, &key, &row)?;
            by.note(conn, "account.invited", &row, json!({ "again": true }))?;
            Ok(Ok(row))
        });
        invited.await?
    }
}

/// The user as it is now, kept from changing, if it is a version that was expected.
fn current(conn: &mut PgConnection, id: AccountId, expected: &VersionPrecondition) -> Done {
    let row = accounts::lock(conn, id)?;
    Ok(match row {
        None => Err(UserError::Missing),
        Some(row) if !expected.matches(row.version) => Err(UserError::Stale),
        Some(row) => Ok(row),
    })
}

fn is_last_admin(conn: &mut PgConnection, row: &AccountRow) -> QueryResult<bool> {
    let is_admin = row.role == Role::Admin.as_str() && row.is(AccountState::Active);
    Ok(is_admin && !accounts::has_admin_beside(conn, Some(row.id()))?)
}

fn replace(
    conn: &mut PgConnection,
    key: &DataKey,
    by: &By,
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
        by.note(conn, "account.changed", &new, json!({ "fields": fields }))?;
        return Ok(new);
    }
    sessions::end_all(conn, old.id(), None, "role changed")?;
    if !fields.is_empty() {
        by.note(conn, "account.changed", &new, json!({ "fields": fields }))?;
    }
    by.note(
        conn,
        "role.changed",
        &new,
        json!({ "from": old.role, "to": new.role }),
    )?;
    Ok(new)
}

/// Who does it, in which request.
struct By {
    actor: AccountId,
    client: ClientInfo,
}

impl By {
    fn of(admin: &Admin, client: &ClientInfo) -> Self {
        Self {
            actor: admin.signed_in().account(),
            client: client.clone(),
        }
    }

    /// Adds an audit event. Nothing may follow but another one.
    fn note(
        &self,
        conn: &mut PgConnection,
        action: &'static str,
        row: &AccountRow,
        detail: Value,
    ) -> QueryResult<()> {
        let event = Event {
            actor: Some(self.actor),
            action,
            subject: row.id().subject(),
            client: &self.client,
            detail,
        };
        audit::append(conn, &event)
    }
}
