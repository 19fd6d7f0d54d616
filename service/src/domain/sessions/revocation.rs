//! Listing and revoking an account's own sessions. A revoked session is rejected from the next request on, on every
//! replica.

use super::caller::SignedIn;
use super::{Sessions, StorageError};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, sessions};
use crate::types::client_info::ClientInfo;
use serde_json::json;
use uuid::Uuid;

pub use crate::db::sessions::SessionRow;

/// Maximum number of sessions listed, most recently used first.
const MAX_LISTED: i64 = 200;

/// The result of revoking a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationOutcome {
    /// The session has ended.
    Revoked,
    /// No such session, another account's session, or one that has ended before.
    NotFound,
}

impl Sessions {
    /// The account's sessions, most recently used first.
    pub async fn list(&self, owner: &SignedIn) -> Result<Vec<SessionRow>, StorageError> {
        let account = owner.account();
        let list = move |conn: &mut _| sessions::list(conn, account, MAX_LISTED);
        self.0.db.run("list_sessions", list).await
    }

    /// Ends the session that the proof comes from.
    pub async fn log_out(&self, who: &SignedIn, client: &ClientInfo) -> Result<(), StorageError> {
        self.revoke(who, who.session(), client).await.map(drop)
    }

    /// Revokes one of the account's sessions.
    pub async fn revoke(
        &self,
        owner: &SignedIn,
        session: Uuid,
        client: &ClientInfo,
    ) -> Result<RevocationOutcome, StorageError> {
        let (account, own, client) = (owner.account(), owner.session(), client.clone());
        let end = move |conn: &mut PgConnection| {
            let reason = if session == own { "log-out" } else { "ended" };
            if !sessions::end(conn, account, session, reason)? {
                return Ok(RevocationOutcome::NotFound);
            }
            let event = Event {
                actor: Some(account),
                action: "session.ended",
                subject: format!("session:{session}"),
                client: &client,
                detail: json!({ "why": reason }),
            };
            audit::append(conn, &event)?;
            Ok(RevocationOutcome::Revoked)
        };
        self.0.db.tx("end_session", end).await
    }

    /// Revokes all sessions of the account, including the current one.
    pub async fn log_out_everywhere(
        &self,
        owner: &SignedIn,
        client: &ClientInfo,
    ) -> Result<(), StorageError> {
        let (account, client) = (owner.account(), client.clone());
        let end = move |conn: &mut PgConnection| {
            let count = sessions::end_all(conn, account, None, "log-out")?;
            let event = Event {
                actor: Some(account),
                action: "session.ended",
                subject: account.subject(),
                client: &client,
                detail: json!({ "why": "log-out everywhere", "count": count }),
            };
            audit::append(conn, &event)
        };
        self.0.db.tx("end_sessions", end).await
    }
}
