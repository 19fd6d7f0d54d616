//! Refresh token rotation (RFC 9700 §4.14.2): each refresh token is replaced when it is used. The reuse of a replaced
//! one indicates theft and ends the session.

use super::error::AuthenticationError;
use super::tokens::{AccessToken, Subject, Tokens};
use super::{Sessions, StorageError};
use crate::crypto::tokens::{PlainToken, TokenHash};
use crate::db::audit::{self, Event};
use crate::db::sessions::refresh_tokens::{self, RefreshRow};
use crate::db::sessions::{self, SessionTimeouts};
use crate::db::{PgConnection, QueryResult};
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::role::Role;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

/// How long a replaced token is still accepted: concurrent tabs and retries of one client are not theft.
const REUSE_GRACE: TimeDelta = TimeDelta::seconds(10);

/// How a presented refresh token is classified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenUse {
    /// It is the current one.
    Fresh,
    /// It was replaced within the grace period and is accepted.
    Overlapping,
    /// It was replaced earlier than that.
    Reused,
}

impl TokenUse {
    fn of(replaced_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        match replaced_at {
            None => Self::Fresh,
            // The absolute value: a clock that was set back must not make an old token valid again.
            Some(at) if (now - at).abs() < REUSE_GRACE => Self::Overlapping,
            Some(_) => Self::Reused,
        }
    }
}

impl Sessions {
    /// Issues the next pair of tokens. Concurrent requests with the same token each get their own pair.
    pub async fn refresh(
        &self,
        token: &PlainToken,
        client: &ClientInfo,
    ) -> Result<Tokens, AuthenticationError> {
        let (old, refresh, client) = (token.hash(), PlainToken::random(), client.clone());
        let (new, lifetimes) = (refresh.hash(), self.0.lifetimes);
        let timeouts = SessionTimeouts {
            absolute_timeout: lifetimes.absolute_timeout,
            idle_timeout: lifetimes.idle_timeout,
        };
        let renewed = self.0.db.tx("refresh_session", move |conn| {
            let Some(row) = refresh_tokens::lock(conn, old.bytes())? else {
                return Ok(None);
            };
            match TokenUse::of(row.replaced_at, row.now) {
                TokenUse::Reused => end_reused_session(conn, &row, &client).map(|()| None),
                TokenUse::Fresh | TokenUse::Overlapping => renew(conn, &row, old, new, timeouts),
            }
        });
        let (row, session_ends) = renewed.await?.ok_or(AuthenticationError::InvalidToken)?;
        tracing::Span::current().record("account_id", row.account_id);
        let role = Role::parse(&row.role).ok_or(AuthenticationError::InvalidToken)?;
        let must_set_up_second_factor = self.must_set_up_second_factor(role, row.has_second_factor);
        let subject = Subject {
            account: AccountId::of(row.account_id),
            session: row.session_id,
            role,
            must_set_up_second_factor,
            email: &row.email,
            session_ends,
        };
        let access = AccessToken::issue(&self.0.jwt, &subject, lifetimes.access_token_ttl);
        let access = access.ok_or(AuthenticationError::Storage(StorageError::Failed))?;
        Ok(Tokens {
            access,
            refresh,
            must_set_up_second_factor,
        })
    }
}

fn renew(
    conn: &mut PgConnection,
    row: &RefreshRow,
    old: TokenHash,
    new: TokenHash,
    timeouts: SessionTimeouts,
) -> QueryResult<Option<(RefreshRow, DateTime<Utc>)>> {
    refresh_tokens::mark_replaced(conn, old.bytes())?;
    refresh_tokens::add(conn, row.session_id, new.bytes())?;
    let ends = sessions::touch(conn, row.session_id, timeouts)?;
    Ok(ends.map(|ends| (row.clone(), ends)))
}

fn end_reused_session(conn: &mut PgConnection, row: &RefreshRow, client: &ClientInfo) -> QueryResult<()> {
    let account = AccountId::of(row.account_id);
    sessions::end(conn, account, row.session_id, "reuse")?;
    let event = Event {
        actor: None,
        action: "session.reuse_detected",
        subject: format!("session:{}", row.session_id),
        client,
        detail: json!({ "account": row.account_id }),
    };
    audit::append(conn, &event)?;
    tracing::warn!(
        target: "security",
        event = "session.reuse_detected",
        account_id = row.account_id,
        session_id = %row.session_id,
        "a replaced refresh token was used again"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::clock;

    #[test]
    fn a_replaced_token_counts_as_reused_after_ten_seconds() {
        let now = clock::now();
        let ago = |milliseconds| Some(now - TimeDelta::milliseconds(milliseconds));
        assert_eq!(TokenUse::of(None, now), TokenUse::Fresh);
        assert_eq!(TokenUse::of(ago(0), now), TokenUse::Overlapping);
        assert_eq!(TokenUse::of(ago(-5), now), TokenUse::Overlapping);
        assert_eq!(TokenUse::of(ago(9_999), now), TokenUse::Overlapping);
        assert_eq!(TokenUse::of(ago(10_000), now), TokenUse::Reused);
        assert_eq!(TokenUse::of(ago(3_600_000), now), TokenUse::Reused);
    }
}
