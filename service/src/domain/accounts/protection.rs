//! Measures that protect an account for its owner: ending its sessions, and removing a second factor that its owner has
//! lost. Administrators and operators take them; the owner is notified by mail.

use super::access_end::end_access;
use super::account_mails;
use crate::db::accounts::{AccountRow, second_factors};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult, sessions};
use crate::mail::kind::MailKind;
use crate::types::access_end::AccessEnd;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use serde_json::json;

/// Who takes a measure.
#[derive(Clone, Copy, Debug)]
pub struct Protector<'a> {
    /// The administrator; `None` for an operator at the command line.
    pub actor: Option<AccountId>,
    /// The origin of the request.
    pub client: &'a ClientInfo,
}

impl Protector<'_> {
    fn role(&self) -> &'static str {
        self.actor.map_or("operator", |_| "administrator")
    }

    fn end_access(&self, conn: &mut PgConnection, row: &AccountRow) -> QueryResult<()> {
        end_access(conn, row.id(), self.actor, self.client, AccessEnd::SessionsEnded)
    }

    /// Ends all sessions of an account, and its access to the database. Returns their number.
    pub fn end_sessions(&self, conn: &mut PgConnection, row: &AccountRow) -> QueryResult<usize> {
        let count = sessions::end_all(conn, row.id(), None, self.role())?;
        account_mails::enqueue(conn, MailKind::SessionsEnded, row)?;
        self.end_access(conn, row)?;
        let event = Event {
            actor: self.actor,
            action: "session.ended",
            subject: row.id().subject(),
            client: self.client,
            detail: json!({ "why": self.role(), "count": count }),
        };
        audit::append(conn, &event)?;
        Ok(count)
    }

    /// Removes the second factor of an account and ends its sessions and access. `false`: it has none.
    pub fn remove_second_factor(&self, conn: &mut PgConnection, row: &AccountRow) -> QueryResult<bool> {
        let (enabled, _) = second_factors::state(conn, row.id())?;
        if !enabled {
            return Ok(false);
        }
        second_factors::remove(conn, row.id())?;
        sessions::end_all(conn, row.id(), None, self.role())?;
        account_mails::enqueue(conn, MailKind::SecondFactorRemoved, row)?;
        self.end_access(conn, row)?;
        let event = Event {
            actor: self.actor,
            action: "totp.disabled",
            subject: row.id().subject(),
            client: self.client,
            detail: json!({ "by": self.role() }),
        };
        audit::append(conn, &event)?;
        Ok(true)
    }
}
