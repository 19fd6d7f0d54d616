//! Logging in: verifies credentials and starts a session for an API client, a browser or a single token.

use super::caller::SignedIn;
use super::error::LoginError;
use super::rejection::append_rejection;
use super::tokens::{AccessToken, Subject, Tokens};
use super::verification::{LoginAttempt, RequiredFactors, VerifiedCredentials};
use super::{Sessions, StorageError};
use crate::crypto::refresh_token::RefreshTokens;
use crate::crypto::tokens::PlainToken;
use crate::db::audit::{self, Event};
use crate::db::sessions::own;
use crate::db::sessions::refresh_tokens;
use crate::db::sessions::{self, NewSession};
use crate::db::{PgConnection, QueryResult};
use crate::domain::min_response_time::with_min_response_time_if;
use crate::types::client_info::ClientInfo;
use crate::types::role::Role;
use chrono::{DateTime, Utc};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// Maximum number of an account's `api` and `browser` sessions: no user has more devices, and the list stays readable.
const MAX_SESSIONS: i64 = 100;

/// The same of `token` sessions, counted separately: a gateway that logs in for each task must not sign its user out.
const MAX_TOKEN_SESSIONS: i64 = 1000;

/// How a session authenticates its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SessionKind {
    /// With access tokens, renewed by refresh tokens.
    Api,
    /// With a cookie.
    Browser,
    /// With one access token that cannot be renewed.
    Token,
}

impl SessionKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Browser => "browser",
            Self::Token => "token",
        }
    }
}

/// A stored session. `secret` is its cookie or its refresh token.
struct StartedSession {
    id: Uuid,
    secret: PlainToken,
    ends: DateTime<Utc>,
}

/// A session to store.
struct SessionDraft {
    id: Uuid,
    kind: SessionKind,
    ttl: Duration,
}

impl Sessions {
    /// Starts an `api` session and issues its first pair of tokens.
    pub async fn log_in(&self, attempt: LoginAttempt, client: &ClientInfo) -> Result<Tokens, LoginError> {
        let (verified, started) = self.start_session(attempt, SessionKind::Api, client).await?;
        Ok(Tokens {
            access: self.access_token(&verified, &started)?,
            refresh: started.secret,
            must_set_up_second_factor: self.is_restricted(&verified),
        })
    }

    /// Starts a `browser` session; the returned token is its cookie.
    pub async fn log_in_browser(
        &self,
        attempt: LoginAttempt,
        client: &ClientInfo,
    ) -> Result<(SignedIn, PlainToken), LoginError> {
        let (verified, started) = self.start_session(attempt, SessionKind::Browser, client).await?;
        let signed_in = SignedIn {
            must_set_up_second_factor: self.is_restricted(&verified),
            account: verified.account,
            session: started.id,
            role: verified.role,
            email: verified.row.email,
            name: verified.row.name,
            is_recently_proven: true,
        };
        Ok((signed_in, started.secret))
    }

    /// Starts a `token` session and issues its only access token.
    pub async fn log_in_for_token(
        &self,
        attempt: LoginAttempt,
        client: &ClientInfo,
    ) -> Result<AccessToken, LoginError> {
        let (verified, started) = self.start_session(attempt, SessionKind::Token, client).await?;
        self.access_token(&verified, &started)
    }

    /// Only rejections are delayed: their duration must not reveal whether the account exists.
    async fn start_session(
        &self,
        attempt: LoginAttempt,
        kind: SessionKind,
        client: &ClientInfo,
    ) -> Result<(VerifiedCredentials, StartedSession), LoginError> {
        let started = self.try_start_session(attempt, kind, client);
        with_min_response_time_if(started, |outcome| {
            matches!(
                outcome,
                Err(LoginError::InvalidCredentials | LoginError::Unconfirmed)
            )
        })
        .await
    }

    async fn try_start_session(
        &self,
        attempt: LoginAttempt,
        kind: SessionKind,
        client: &ClientInfo,
    ) -> Result<(VerifiedCredentials, StartedSession), LoginError> {
        let mut verified = self
            .verify_credentials(attempt, RequiredFactors::All, client)
            .await?;
        if kind == SessionKind::Token && self.is_restricted(&verified) {
            self.take_back(verified.attempt()).await;
            return Err(LoginError::SecondFactorSetupRequired);
        }
        let attempt = verified.attempt();
        let lifetimes = self.0.lifetimes;
        let ttl = match kind {
            SessionKind::Api | SessionKind::Browser => lifetimes.absolute_timeout.min(lifetimes.idle_timeout),
            SessionKind::Token => lifetimes.access_token_ttl,
        };
        let new = SessionDraft {
            id: Uuid::new_v4(),
            kind,
            ttl,
        };
        let client = client.clone();
        let started = self.0.db.tx("start_session", move |conn| {
            let current = match verified.consume(conn, &client)? {
                Ok(current) => current,
                Err(error) => return Ok(Err(error)),
            };
            let Some(role) = Role::parse(&current.role) else {
                append_rejection(conn, Some(verified.account), "changed meanwhile", &client)?;
                return Ok(Err(LoginError::InvalidCredentials));
            };
            // Role and address may have changed while the password was queued for hashing; tokens carry the current
            // ones.
            verified.role = role;
            verified.row.email = current.email;
            let started = store(conn, &verified, &new, &client)?;
            let ended = end_excess(conn, &verified, new.kind)?;
            verified.record_success(conn, &client)?;
            append_started(conn, &verified, &new, ended, &client)?;
            Ok(Ok((verified, started)))
        });
        self.conclude(attempt, started.await).await?
    }

    fn is_restricted(&self, verified: &VerifiedCredentials) -> bool {
        let has_second_factor = verified.row.totp_confirmed_at.is_some();
        self.must_set_up_second_factor(verified.role, has_second_factor)
    }

    fn access_token(
        &self,
        verified: &VerifiedCredentials,
        started: &StartedSession,
    ) -> Result<AccessToken, LoginError> {
        let subject = Subject {
            account: verified.account,
            session: started.id,
            role: verified.role,
            must_set_up_second_factor: self.is_restricted(verified),
            email: &verified.row.email,
            session_ends: started.ends,
        };
        let token = AccessToken::issue(&self.0.jwt, &subject, self.0.lifetimes.access_token_ttl);
        token.ok_or(LoginError::Storage(StorageError::Failed))
    }
}

fn store(
    conn: &mut PgConnection,
    verified: &VerifiedCredentials,
    new: &SessionDraft,
    client: &ClientInfo,
) -> QueryResult<StartedSession> {
    let cookie = PlainToken::random();
    let cookie_hash = cookie.hash();
    let (ends, refresh_key) = sessions::create(
        conn,
        &NewSession {
            id: new.id,
            account: verified.account,
            kind: new.kind.as_str(),
            cookie_hash: (new.kind == SessionKind::Browser).then(|| cookie_hash.bytes()),
            ttl: new.ttl,
            user_agent: &client.user_agent,
            address: &client.address.to_string(),
            network: &client.network().to_string(),
        },
    )?;
    let secret = match new.kind {
        SessionKind::Browser | SessionKind::Token => cookie,
        SessionKind::Api => {
            let refresh = RefreshTokens::of(new.id, &refresh_key).first();
            refresh_tokens::add(conn, new.id, 0, refresh.hash().bytes())?;
            refresh
        }
    };
    Ok(StartedSession {
        id: new.id,
        secret,
        ends,
    })
}

fn append_started(
    conn: &mut PgConnection,
    verified: &VerifiedCredentials,
    new: &SessionDraft,
    ended: usize,
    client: &ClientInfo,
) -> QueryResult<()> {
    let mut detail = json!({ "kind": new.kind.as_str(), "factor": verified.factor.as_str() });
    if ended > 0 {
        detail["ended"] = json!(ended);
    }
    let event = Event {
        actor: Some(verified.account),
        action: "session.begun",
        subject: format!("session:{}", new.id),
        client,
        detail,
    };
    audit::append(conn, &event)
}

/// Ends the sessions of the same kind that have been idle the longest, beyond the maximum. The account is locked, so that
/// concurrent logins count each other's sessions.
fn end_excess(
    conn: &mut PgConnection,
    verified: &VerifiedCredentials,
    kind: SessionKind,
) -> QueryResult<usize> {
    let (kinds, max) = match kind {
        SessionKind::Api | SessionKind::Browser => (
            &[SessionKind::Api.as_str(), SessionKind::Browser.as_str()][..],
            MAX_SESSIONS,
        ),
        SessionKind::Token => (&[SessionKind::Token.as_str()][..], MAX_TOKEN_SESSIONS),
    };
    own::end_excess(conn, verified.account, kinds, max, "too many sessions")
}
