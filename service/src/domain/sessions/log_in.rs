//! From proof to a session: of an API client, of a browser, of a single token.
use super::caller::SignedIn;
use super::proof::{Demand, Proven, append_refusal};
use super::tokens::{AccessToken, Subject, Tokens};
use super::{Sessions, StorageError};
use crate::crypto::tokens::PlainToken;
use crate::db::audit::{self, Event};
use crate::db::refresh_tokens;
use crate::db::sessions::{self, NewSession};
use crate::db::{PgConnection, QueryResult};
use crate::domain::evenly::evenly_if;
use crate::types::client_info::ClientInfo;
use crate::types::role::Role;
use chrono::{DateTime, Utc};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

pub use super::proof::{Attempt, Refused};

/// What a session is used with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Api,
    Browser,
    Token,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Browser => "browser",
            Self::Token => "token",
        }
    }
}

/// A session that has begun. `secret` is its cookie or its refresh token.
struct Begun {
    id: Uuid,
    secret: PlainToken,
    ends: DateTime<Utc>,
}

/// What is stored of a session that begins.
struct Beginning {
    id: Uuid,
    kind: Kind,
    secret: PlainToken,
    life: Duration,
}

impl Sessions {
    /// Signs in with access and refresh tokens.
    pub async fn log_in(&self, attempt: Attempt, client: &ClientInfo) -> Result<Tokens, Refused> {
        let (proven, begun) = self.begin(attempt, Kind::Api, client).await?;
        Ok(Tokens {
            access: self.access_token(&proven, &begun)?,
            refresh: begun.secret,
        })
    }

    /// Signs a browser in; the token is its cookie.
    pub async fn log_in_browser(
        &self,
        attempt: Attempt,
        client: &ClientInfo,
    ) -> Result<(SignedIn, PlainToken), Refused> {
        let (proven, begun) = self.begin(attempt, Kind::Browser, client).await?;
        let row = proven.row;
        let signed_in = SignedIn::new(proven.account, begun.id, proven.role, row.email, row.name);
        Ok((signed_in, begun.secret))
    }

    /// Signs in with one access token, which nothing renews.
    pub async fn log_in_for_token(
        &self,
        attempt: Attempt,
        client: &ClientInfo,
    ) -> Result<AccessToken, Refused> {
        let (proven, begun) = self.begin(attempt, Kind::Token, client).await?;
        self.access_token(&proven, &begun)
    }

    /// Whoever is let in is let in at once; whoever is refused hears of it no sooner than everybody else who is.
    async fn begin(
        &self,
        attempt: Attempt,
        kind: Kind,
        client: &ClientInfo,
    ) -> Result<(Proven, Begun), Refused> {
        let begun = self.begin_at_once(attempt, kind, client);
        evenly_if(begun, |outcome| matches!(outcome, Err(Refused::Credentials))).await
    }

    async fn begin_at_once(
        &self,
        attempt: Attempt,
        kind: Kind,
        client: &ClientInfo,
    ) -> Result<(Proven, Begun), Refused> {
        let mut proven = self.prove(attempt, Demand::All, client).await?;
        let lives = self.0.lives;
        let life = match kind {
            Kind::Api | Kind::Browser => lives.session.min(lives.idle),
            Kind::Token => lives.access,
        };
        let new = Beginning {
            id: Uuid::new_v4(),
            kind,
            secret: PlainToken::random(),
            life,
        };
        let client = client.clone();
        let begun = self.0.db.tx("begin_session", move |conn| {
            let Some(held) = proven.take(conn, &client)? else {
                return Ok(None);
            };
            let Some(role) = Role::parse(&held.role) else {
                append_refusal(conn, Some(proven.account), "changed meanwhile", &client)?;
                return Ok(None);
            };
            // The password may have waited to be hashed: a token tells the role and the address of now.
            proven.role = role;
            proven.row.email = held.email;
            let ends = store(conn, &proven, &new, &client)?;
            proven.succeeded(conn, &client)?;
            append_begun(conn, &proven, &new, &client)?;
            let begun = Begun {
                id: new.id,
                secret: new.secret,
                ends,
            };
            Ok(Some((proven, begun)))
        });
        begun.await?.ok_or(Refused::Credentials)
    }

    fn access_token(&self, proven: &Proven, begun: &Begun) -> Result<AccessToken, Refused> {
        let about = Subject {
            account: proven.account,
            session: begun.id,
            role: proven.role,
            email: &proven.row.email,
            session_ends: begun.ends,
        };
        let token = AccessToken::issue(&self.0.jwt, &about, self.0.lives.access);
        token.ok_or(Refused::Storage(StorageError::Failed))
    }
}

fn store(
    conn: &mut PgConnection,
    proven: &Proven,
    new: &Beginning,
    client: &ClientInfo,
) -> QueryResult<DateTime<Utc>> {
    let hash = new.secret.hash();
    let ends = sessions::begin(
        conn,
        &NewSession {
            id: new.id,
            account: proven.account,
            kind: new.kind.as_str(),
            cookie_hash: (new.kind == Kind::Browser).then(|| hash.bytes()),
            life: new.life,
            user_agent: &client.user_agent,
            address: &client.address.to_string(),
            network: &client.network().to_string(),
        },
    )?;
    if new.kind == Kind::Api {
        refresh_tokens::add(conn, new.id, hash.bytes())?;
    }
    Ok(ends)
}

fn append_begun(
    conn: &mut PgConnection,
    proven: &Proven,
    new: &Beginning,
    client: &ClientInfo,
) -> QueryResult<()> {
    let event = Event {
        actor: Some(proven.account),
        action: "session.begun",
        subject: format!("session:{}", new.id),
        client,
        detail: json!({ "kind": new.kind.as_str(), "factor": proven.factor.as_str() }),
    };
    audit::append(conn, &event)
}
