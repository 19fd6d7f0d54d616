//! Proving an address by a mailed link.
use super::Accounts;
use super::outcome::{AccountError, LinkOutcome};
use crate::config::auth::RegistrationMode;
use crate::crypto::tokens::PlainToken;
use crate::db::accounts::links;
use crate::db::accounts::{self, AccountRow};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult};
use crate::types::account::{AccountId, AccountState};
use crate::types::client_info::ClientInfo;
use crate::types::link::Purpose;
use crate::types::role::Role;
use serde_json::json;

impl Accounts {
    /// The address of a registration is proven: from now on its owner may sign in.
    pub async fn confirm_email(&self, token: &str, client: &ClientInfo) -> Result<LinkOutcome, AccountError> {
        let Some(token) = PlainToken::parse(token).map(|token| token.hash()) else {
            return Ok(LinkOutcome::NoSuchLink);
        };
        let (mode, client) = (self.0.registration, client.clone());
        let used = self.0.db.tx("confirm_account", move |conn| {
            hold_first_admin(conn, mode)?;
            let Some(link) = links::close(conn, Purpose::Confirm, token)? else {
                return Ok(LinkOutcome::NoSuchLink);
            };
            let row = accounts::lock(conn, AccountId::of(link.account_id))?;
            let Some(row) = row.filter(|row| row.is(AccountState::Unconfirmed)) else {
                return Ok(LinkOutcome::NoSuchLink);
            };
            let role = activate(conn, &row, mode)?;
            note_confirmed(conn, &row, role, &client)?;
            Ok(LinkOutcome::Done)
        });
        Ok(used.await?)
    }
}

/// The event of an address that was proven: it tells the role that came with it. Comes last in its transaction.
pub(super) fn note_confirmed(
    conn: &mut PgConnection,
    row: &AccountRow,
    role: Role,
    client: &ClientInfo,
) -> QueryResult<()> {
    let event = Event {
        actor: None,
        action: "account.confirmed",
        subject: row.id().subject(),
        client,
        detail: json!({ "role": role.as_str() }),
    };
    audit::append(conn, &event)
}

/// Comes first in a transaction that may make the first administrator.
pub(super) fn hold_first_admin(conn: &mut PgConnection, mode: RegistrationMode) -> QueryResult<()> {
    match mode {
        RegistrationMode::FirstAdmin => accounts::lock_admins(conn),
        RegistrationMode::Open | RegistrationMode::Closed => Ok(()),
    }
}

/// Lets an unconfirmed account's owner sign in; the role that they got.
pub(super) fn activate(
    conn: &mut PgConnection,
    row: &AccountRow,
    mode: RegistrationMode,
) -> QueryResult<Role> {
    let is_first = mode == RegistrationMode::FirstAdmin && !accounts::has_admin_beside(conn, None)?;
    let role = match is_first {
        true => Role::Admin,
        false => Role::User,
    };
    accounts::activate(conn, row.id(), role)?;
    Ok(role)
}
