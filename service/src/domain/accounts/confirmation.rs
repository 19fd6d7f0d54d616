//! Confirming the address of a new account by a mailed link.

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
use crate::types::link::LinkPurpose;
use crate::types::role::Role;
use serde_json::json;

impl Accounts {
    /// Confirms the address of a registration; its owner may log in from now on.
    pub async fn confirm_email(&self, token: &str, client: &ClientInfo) -> Result<LinkOutcome, AccountError> {
        let Some(token) = PlainToken::parse(token).map(|token| token.hash()) else {
            return Ok(LinkOutcome::NoSuchLink);
        };
        let (mode, client) = (self.0.registration, client.clone());
        let used = self.0.db.tx("confirm_account", move |conn| {
            lock_first_admin(conn, mode)?;
            let Some(link) = links::close(conn, LinkPurpose::Confirm, token)? else {
                return Ok(LinkOutcome::NoSuchLink);
            };
            let row = accounts::lock(conn, AccountId::of(link.account_id))?;
            let Some(row) = row.filter(|row| row.is(AccountState::Unconfirmed)) else {
                return Ok(LinkOutcome::NoSuchLink);
            };
            let role = activate(conn, &row, mode)?;
            append_confirmed(conn, &row, role, &client)?;
            Ok(LinkOutcome::Done)
        });
        Ok(used.await?)
    }
}

/// Appends the audit event of a confirmed address and the granted role. To be called last in its transaction.
pub(super) fn append_confirmed(
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

/// Locks the administrators where the transaction may create the first one. To be called first in its transaction.
pub(super) fn lock_first_admin(conn: &mut PgConnection, mode: RegistrationMode) -> QueryResult<()> {
    match mode {
        RegistrationMode::FirstAdmin => accounts::lock_admins(conn),
        RegistrationMode::Open | RegistrationMode::Closed => Ok(()),
    }
}

/// Activates an unconfirmed account; returns its role.
pub(super) fn activate(
    conn: &mut PgConnection,
    row: &AccountRow,
    mode: RegistrationMode,
) -> QueryResult<Role> {
    let is_first = mode == RegistrationMode::FirstAdmin && !accounts::has_other_admin(conn, None)?;
    let role = if is_first { Role::Admin } else { Role::User };
    accounts::activate(conn, row.id(), role)?;
    Ok(role)
}
