//! Listing and revoking an account's own sessions. A revoked session is rejected from the next request on, on every
//! replica.

use super::caller::{RecentlyProven, SignedIn};
use super::refresh::lock_session_of;
use super::{Sessions, StorageError};
use crate::crypto::refresh_token::RefreshTokens;
use crate::crypto::tokens::PlainToken;
use crate::db::audit::{self, Event};
use crate::db::sessions::{own, refresh_tokens};
use crate::db::{PgConnection, QueryResult, accounts, sessions};
use crate::domain::accounts::access_end::end_access;
use crate::domain::page::Page;
use crate::types::access_end::AccessEnd;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use serde_json::json;
use uuid::Uuid;

pub use crate::db::sessions::own::SessionRow;

/// The result of revoking a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationOutcome {
    /// The session has ended.
    Revoked,
    /// No such session, another account's session, or one that has ended before.
    NotFound,
}

impl Sessions {
    /// A page of the account's sessions, newest first. `None`: `after` is no session of the account.
    pub async fn list(
        &self,
        owner: &SignedIn,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Option<Page<SessionRow>>, StorageError> {
        let account = owner.account();
        let list = move |conn: &mut PgConnection| {
            let mut position = None;
            if let Some(after) = after {
                position = own::find_position(conn, account, after)?;
                if position.is_none() {
                    return Ok(None);
                }
            }
            own::list(conn, account, position, i64::from(limit) + 1).map(Some)
        };
        let rows = self.0.db.run("list_sessions", list).await?;
        Ok(rows.map(|rows| Page::from_rows(rows, limit, |row| row.id.to_string())))
    }

    /// Ends the caller's session.
    pub async fn log_out(&self, who: &SignedIn, client: &ClientInfo) -> Result<(), StorageError> {
        let (account, session, client) = (who.account(), who.session(), client.clone());
        let end = move |conn: &mut PgConnection| end(conn, account, session, "log-out", &client);
        self.0.db.tx("log_out", end).await.map(drop)
    }

    /// Ends the session of an access token, expired or not. A token that is unknown, or whose session has ended, is no
    /// error (RFC 7009 §2.2): the client's purpose is achieved.
    pub async fn log_out_by_access_token(
        &self,
        token: &str,
        client: &ClientInfo,
    ) -> Result<(), StorageError> {
        let claims = self.0.jwt.verify_expired(token).ok();
        let owner = claims.and_then(|claims| Some((AccountId::parse(&claims.sub)?, claims.sid)));
        let Some((account, session)) = owner else {
            return Ok(());
        };
        let client = client.clone();
        let end = move |conn: &mut PgConnection| end(conn, account, session, "log-out", &client);
        self.0.db.tx("log_out", end).await.map(drop)
    }

    /// Ends the session of a refresh token, replaced or not. The same holds for unknown ones.
    pub async fn log_out_by_refresh_token(
        &self,
        token: &PlainToken,
        client: &ClientInfo,
    ) -> Result<(), StorageError> {
        let (token, client) = (token.clone(), client.clone());
        let log_out = move |conn: &mut PgConnection| {
            let Some(session) = lock_session_of(conn, &token)? else {
                return Ok(());
            };
            let issued = RefreshTokens::of(session.id, &session.refresh_key).issued(&token)
                || refresh_tokens::find(conn, session.id, token.hash().bytes())?.is_some();
            if issued {
                let account = AccountId::of(session.account_id);
                end(conn, account, session.id, "log-out", &client)?;
            }
            Ok(())
        };
        self.0.db.tx("log_out", log_out).await
    }

    /// Revokes one of the account's sessions.
    pub async fn revoke(
        &self,
        owner: &RecentlyProven,
        session: Uuid,
        client: &ClientInfo,
    ) -> Result<RevocationOutcome, StorageError> {
        let (account, client) = (owner.signed_in().account(), client.clone());
        let end = move |conn: &mut PgConnection| end(conn, account, session, "ended", &client);
        let ended = self.0.db.tx("end_session", end).await?;
        Ok(if ended {
            RevocationOutcome::Revoked
        } else {
            RevocationOutcome::NotFound
        })
    }

    /// Revokes all sessions of the account, including the current one, and its access to the database.
    pub async fn log_out_everywhere(
        &self,
        owner: &RecentlyProven,
        client: &ClientInfo,
    ) -> Result<(), StorageError> {
        let (account, client) = (owner.signed_in().account(), client.clone());
        let end = move |conn: &mut PgConnection| {
            // In the order of all changes of an account.
            accounts::lock(conn, account)?;
            let count = sessions::end_all(conn, account, None, "log-out")?;
            end_access(conn, account, Some(account), &client, AccessEnd::SessionsEnded)?;
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

/// Ends a session. `false`: it is not active, or belongs to another account.
fn end(
    conn: &mut PgConnection,
    account: AccountId,
    session: Uuid,
    reason: &'static str,
    client: &ClientInfo,
) -> QueryResult<bool> {
    if !sessions::end(conn, account, session, reason)? {
        return Ok(false);
    }
    let event = Event {
        actor: Some(account),
        action: "session.ended",
        subject: format!("session:{session}"),
        client,
        detail: json!({ "why": reason }),
    };
    audit::append(conn, &event)?;
    Ok(true)
}
