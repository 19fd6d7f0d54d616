//! Renewing: each refresh token is replaced when it is used, and one that is seen again later means that somebody else has
//! it too (RFC 9700 §4.14.2).
use super::error::AuthenticationError;
use super::tokens::{AccessToken, Subject, Tokens};
use super::{Sessions, StorageError};
use crate::crypto::tokens::{PlainToken, TokenHash};
use crate::db::audit::{self, Event};
use crate::db::sessions::refresh_tokens::{self, RefreshRow};
use crate::db::sessions::{self, Span};
use crate::db::{PgConnection, QueryResult};
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::role::Role;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

/// How long a replaced token is still taken: tabs and retries of one client may overlap, and none of them is a thief.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// What becomes of a refresh token that somebody sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// It is taken.
    Fresh,
    /// It was replaced a moment ago and is taken all the same.
    Overlapping,
    /// It was replaced long ago.
    Reused,
}

impl Use {
    fn of(replaced_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        match replaced_at {
            None => Self::Fresh,
            // A clock that was set back makes no old token good again.
            Some(at) if (now - at).abs() < GRACE => Self::Overlapping,
            Some(_) => Self::Reused,
        }
    }
}

impl Sessions {
    /// The next pair of tokens. Several at a time may ask with the same token: each gets a pair of its own.
    pub async fn refresh(
        &self,
        token: &PlainToken,
        client: &ClientInfo,
    ) -> Result<Tokens, AuthenticationError> {
        let (old, refresh, client) = (token.hash(), PlainToken::random(), client.clone());
        let (new, lifetimes) = (refresh.hash(), self.0.lifetimes);
        let span = Span {
            life: lifetimes.absolute_timeout,
            idle: lifetimes.idle_timeout,
        };
        let renewed = self.0.db.tx("refresh_session", move |conn| {
            let Some(row) = refresh_tokens::hold(conn, old.bytes())? else {
                return Ok(None);
            };
            match Use::of(row.replaced_at, row.now) {
                Use::Reused => end_reused(conn, &row, &client).map(|()| None),
                Use::Fresh | Use::Overlapping => renew(conn, &row, old, new, span),
            }
        });
        let (row, session_ends) = renewed.await?.ok_or(AuthenticationError::InvalidToken)?;
        let about = Subject {
            account: AccountId::of(row.account_id),
            session: row.session_id,
            role: Role::parse(&row.role).ok_or(AuthenticationError::InvalidToken)?,
            email: &row.email,
            session_ends,
        };
        let access = AccessToken::issue(&self.0.jwt, &about, lifetimes.access_token_ttl);
        let access = access.ok_or(AuthenticationError::Storage(StorageError::Failed))?;
        Ok(Tokens { access, refresh })
    }
}

fn renew(
    conn: &mut PgConnection,
    row: &RefreshRow,
    old: TokenHash,
    new: TokenHash,
    span: Span,
) -> QueryResult<Option<(RefreshRow, DateTime<Utc>)>> {
    refresh_tokens::replace(conn, old.bytes())?;
    refresh_tokens::add(conn, row.session_id, new.bytes())?;
    let ends = sessions::touch(conn, row.session_id, span)?;
    Ok(ends.map(|ends| (row.clone(), ends)))
}

fn end_reused(conn: &mut PgConnection, row: &RefreshRow, client: &ClientInfo) -> QueryResult<()> {
    let account = AccountId::of(row.account_id);
    sessions::end(conn, account, row.session_id, "reuse")?;
    let event = Event {
        actor: None,
        action: "session.reuse_detected",
        subject: format!("session:{}", row.session_id),
        client,
        detail: json!({ "account": row.account_id }),
    };
    audit::append(conn, &event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::clock;

    #[test]
    fn a_token_is_reused_from_ten_seconds_on() {
        let now = clock::now();
        let ago = |milliseconds| Some(now - TimeDelta::milliseconds(milliseconds));
        assert_eq!(Use::of(None, now), Use::Fresh);
        assert_eq!(Use::of(ago(0), now), Use::Overlapping);
        assert_eq!(Use::of(ago(-5), now), Use::Overlapping);
        assert_eq!(Use::of(ago(9_999), now), Use::Overlapping);
        assert_eq!(Use::of(ago(10_000), now), Use::Reused);
        assert_eq!(Use::of(ago(3_600_000), now), Use::Reused);
    }
}
