//! Refresh token rotation (RFC 9700 §4.14.2): each refresh token is replaced when it is used. The reuse of a replaced
//! one indicates theft and ends the session. A session has one current token, however many clients renew it at once: two
//! parties that share a token get the same successor, so the second of them is detected at the next renewal.

use super::error::AuthenticationError;
use super::tokens::{AccessToken, Subject, Tokens};
use super::{Sessions, StorageError};
use crate::crypto::refresh_token::{RefreshTokens, named_session};
use crate::crypto::tokens::PlainToken;
use crate::db::audit::{self, Event};
use crate::db::sessions::refresh_tokens::{self, RefreshRow, RenewableSession};
use crate::db::sessions::{self, SessionTimeouts};
use crate::db::{PgConnection, QueryResult};
use crate::mail::kind::MailKind;
use crate::mail::outbox_mail::OutboxMail;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::role::Role;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

/// How long a replaced token is still accepted: concurrent tabs and retries of one client are not theft.
const REUSE_GRACE: TimeDelta = TimeDelta::seconds(10);

/// Seeds are deleted later than their grace period ends: transactions that wait for a lock have an earlier `now()`.
const SEED_TTL: TimeDelta = TimeDelta::seconds(20);

/// Stored tokens per session. Older ones are recognised by their MAC.
const MAX_STORED_TOKENS: i32 = 30;

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

/// A renewed session and its current refresh token.
struct Renewed {
    session: RenewableSession,
    refresh: PlainToken,
    ends: DateTime<Utc>,
}

impl Sessions {
    /// Replaces the refresh token and issues an access token. Uses of the replaced token within the grace period return
    /// the same refresh token.
    pub async fn refresh(
        &self,
        token: &PlainToken,
        client: &ClientInfo,
    ) -> Result<Tokens, AuthenticationError> {
        let (token, client, lifetimes) = (token.clone(), client.clone(), self.0.lifetimes);
        let timeouts = SessionTimeouts {
            absolute_timeout: lifetimes.absolute_timeout,
            idle_timeout: lifetimes.idle_timeout,
        };
        let renewed = self.0.db.tx("refresh_session", move |conn| {
            let Some(session) = lock_session_of(conn, &token)? else {
                return Ok(None);
            };
            let tokens = RefreshTokens::of(session.id, &session.refresh_key);
            let row = refresh_tokens::find(conn, session.id, token.hash().bytes())?;
            let token_use = row.as_ref().map(|row| TokenUse::of(row.replaced_at, session.now));
            let refresh = match (row, token_use) {
                (Some(row), Some(TokenUse::Fresh | TokenUse::Overlapping)) => {
                    current_token(conn, &session, &tokens, token, row)?
                }
                (Some(_), _) => {
                    end_reused_session(conn, &session, &client)?;
                    None
                }
                // Its row was deleted long ago.
                (None, _) if tokens.issued(&token) => {
                    end_reused_session(conn, &session, &client)?;
                    None
                }
                (None, _) => None,
            };
            let Some(refresh) = refresh else { return Ok(None) };
            let ends = sessions::touch(conn, session.id, timeouts)?;
            Ok(ends.map(|ends| Renewed {
                session,
                refresh,
                ends,
            }))
        });
        let renewed = renewed.await?.ok_or(AuthenticationError::InvalidToken)?;
        let session = renewed.session;
        tracing::Span::current().record("account_id", session.account_id);
        let role = Role::parse(&session.role).ok_or(AuthenticationError::InvalidToken)?;
        let must_set_up_second_factor = self.must_set_up_second_factor(role, session.has_second_factor);
        let subject = Subject {
            account: AccountId::of(session.account_id),
            session: session.id,
            role,
            must_set_up_second_factor,
            email: &session.email,
            session_ends: renewed.ends,
        };
        let access = AccessToken::issue(&self.0.jwt, &subject, lifetimes.access_token_ttl);
        let access = access.ok_or(AuthenticationError::Storage(StorageError::Failed))?;
        Ok(Tokens {
            access,
            refresh: renewed.refresh,
            must_set_up_second_factor,
        })
    }
}

/// Locks the session of a token: found by its hash, or named in it where the row was deleted.
pub(super) fn lock_session_of(
    conn: &mut PgConnection,
    token: &PlainToken,
) -> QueryResult<Option<RenewableSession>> {
    let stored = refresh_tokens::find_session(conn, token.hash().bytes())?;
    match stored.or_else(|| named_session(token)) {
        Some(id) => refresh_tokens::lock_session(conn, id),
        None => Ok(None),
    }
}

/// The session's current token: the successor of a fresh one, or what follows from an overlapping one.
fn current_token(
    conn: &mut PgConnection,
    session: &RenewableSession,
    tokens: &RefreshTokens,
    mut token: PlainToken,
    mut row: RefreshRow,
) -> QueryResult<Option<PlainToken>> {
    if row.replaced_at.is_some() {
        while let Some(seed) = &row.successor_seed {
            token = tokens.successor(&token, seed);
            match refresh_tokens::find(conn, session.id, token.hash().bytes())? {
                Some(next) => row = next,
                None => return Ok(None),
            }
        }
        if row.replaced_at.is_none() {
            return Ok(Some(token));
        }
        // Replaced by a previous version of this program, which stores no seed: it gets another successor.
    }
    let seed = rand::random::<[u8; 32]>();
    let next = tokens.successor(&token, &seed);
    let generation = row.generation.saturating_add(1);
    refresh_tokens::mark_replaced(conn, token.hash().bytes(), &seed)?;
    refresh_tokens::add(conn, session.id, generation, next.hash().bytes())?;
    let oldest_kept = generation.saturating_sub(MAX_STORED_TOKENS - 1);
    refresh_tokens::forget_replaced(conn, session.id, session.now - SEED_TTL, oldest_kept)?;
    Ok(Some(next))
}

/// Ends the session, and notifies the owner: the token may have been stolen.
fn end_reused_session(
    conn: &mut PgConnection,
    session: &RenewableSession,
    client: &ClientInfo,
) -> QueryResult<()> {
    sessions::end(conn, AccountId::of(session.account_id), session.id, "reuse")?;
    let mail = OutboxMail {
        kind: MailKind::SessionReused,
        to: &session.email,
        name: &session.name,
        link: None,
    };
    mail.enqueue(conn)?;
    let event = Event {
        actor: None,
        action: "session.reuse_detected",
        subject: format!("session:{}", session.id),
        client,
        detail: json!({ "account": session.account_id }),
    };
    audit::append(conn, &event)?;
    tracing::warn!(
        target: "security",
        event = "session.reuse_detected",
        account_id = session.account_id,
        session_id = %session.id,
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
