//! Registrations that were never confirmed. Anyone can register any address, so they do not hold it against an account whose owner
//! has shown to read its mail: an intruder could otherwise keep an owner from taking a changed address back.

use crate::db::accounts::{self, AccountRow, links};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult, users};
use crate::types::account::{AccountId, AccountState};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use serde_json::json;

/// Deletes another account that has this address and has not confirmed it. To be followed by [`append_displaced`].
pub fn displace(conn: &mut PgConnection, email: &Email, owner: AccountId) -> QueryResult<Option<AccountRow>> {
    let holder = accounts::lock_by_email(conn, email)?;
    let Some(row) = holder.filter(|row| row.id() != owner && row.is(AccountState::Unconfirmed)) else {
        return Ok(None);
    };
    links::close_all(conn, row.id())?;
    users::delete(conn, row.id()).map(Some)
}

/// Appends the audit event of a deleted registration. To be called last in its transaction.
pub fn append_displaced(
    conn: &mut PgConnection,
    displaced: Option<&AccountRow>,
    actor: Option<AccountId>,
    client: &ClientInfo,
) -> QueryResult<()> {
    let Some(row) = displaced else { return Ok(()) };
    let event = Event {
        actor,
        action: "account.deleted",
        subject: row.id().subject(),
        client,
        detail: json!({ "by": "owner of the address" }),
    };
    audit::append(conn, &event)
}
