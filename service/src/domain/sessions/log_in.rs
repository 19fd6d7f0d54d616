//! From address and password to a session. Whoever guesses learns neither whether there is such an account nor in which
//! state it is: every refusal looks the same and takes as long.
use super::caller::SignedIn;
use super::tokens::{AccessToken, Subject, Tokens};
use super::{Sessions, StorageError};
use crate::crypto::hashing::Busy;
use crate::crypto::password_hash::{PasswordHash, Verified};
use crate::crypto::tokens::PlainToken;
use crate::db::audit::{self, Event};
use crate::db::credentials::{self, CredentialRow};
use crate::db::refresh_tokens;
use crate::db::sessions::{self, NewSession};
use crate::types::account::{AccountId, AccountState};
use crate::types::email::Email;
use crate::types::peer::Peer;
use crate::types::role::Role;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// What somebody says to sign in.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Their address.
    pub email: Email,
    /// Their password.
    pub password: SecretString,
    /// A code of the second factor, or a recovery code.
    pub code: Option<SecretString>,
}

/// Why nobody is signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Unknown, not active, or not the password, or not the code: which of them is not told.
    #[error("address or password is not right")]
    Credentials,
    /// The password is right, and a code is needed.
    #[error("a code of the second factor is needed")]
    SecondFactor,
    /// Too many tries: the next is looked at after this long.
    #[error("too many tries")]
    Throttled(Duration),
    /// Too many passwords wait to be hashed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

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

/// Somebody who has proven to be an account's owner, and the session that begins for it.
struct Checked {
    account: AccountId,
    role: Role,
    row: CredentialRow,
}

/// A session that has begun. `secret` is its cookie or its refresh token.
struct Begun {
    id: Uuid,
    secret: PlainToken,
    ends: DateTime<Utc>,
}

impl Sessions {
    /// Signs in with access and refresh tokens.
    pub async fn log_in(&self, attempt: Attempt, peer: &Peer) -> Result<Tokens, Refused> {
        let checked = self.check(attempt, peer).await?;
        let begun = self.begin(&checked, Kind::Api, peer).await?;
        Ok(Tokens {
            access: self.access_token(&checked, &begun)?,
            refresh: begun.secret,
        })
    }

    /// Signs a browser in; the token is its cookie.
    pub async fn log_in_browser(
        &self,
        attempt: Attempt,
        peer: &Peer,
    ) -> Result<(SignedIn, PlainToken), Refused> {
        let checked = self.check(attempt, peer).await?;
        let begun = self.begin(&checked, Kind::Browser, peer).await?;
        let Checked { account, role, row } = checked;
        let signed_in = SignedIn::new(account, begun.id, role, row.email, row.name);
        Ok((signed_in, begun.secret))
    }

    /// Signs in with one access token, which nothing renews.
    pub async fn log_in_for_token(&self, attempt: Attempt, peer: &Peer) -> Result<AccessToken, Refused> {
        let checked = self.check(attempt, peer).await?;
        let begun = self.begin(&checked, Kind::Token, peer).await?;
        self.access_token(&checked, &begun)
    }

    async fn check(&self, attempt: Attempt, peer: &Peer) -> Result<Checked, Refused> {
        let parts = &self.0;
        let key = attempt.email.key().to_owned();
        let row = parts
            .db
            .run("find_credential", move |conn| {
                credentials::find_by_email(conn, &key)
            })
            .await?;
        let hash = row.as_ref().and_then(|row| row.password_hash.clone());
        let verified = parts
            .hashing
            .verify(attempt.password.clone(), hash.map(PasswordHash::stored))
            .await?;
        let account = row.as_ref().map(|row| AccountId::of(row.account_id));
        let Verified::Right { needs_rehash } = verified else {
            let why = account.map_or("unknown", |_| "wrong password");
            return self.refuse(account, why, peer).await;
        };
        let Some((row, role)) = row
            .and_then(|row| Some((Role::parse(&row.role)?, row)))
            .map(|(a, b)| (b, a))
        else {
            return self.refuse(account, "unknown role", peer).await;
        };
        if row.state != AccountState::Active.as_str() {
            return self.refuse(account, "not active", peer).await;
        }
        if needs_rehash {
            self.rehash(&row, attempt.password).await;
        }
        Ok(Checked {
            account: AccountId::of(row.account_id),
            role,
            row,
        })
    }

    /// Tells the audit, then the same to everybody.
    async fn refuse<T>(
        &self,
        account: Option<AccountId>,
        why: &'static str,
        peer: &Peer,
    ) -> Result<T, Refused> {
        let peer = peer.clone();
        let refused = move |conn: &mut diesel::PgConnection| {
            let event = Event {
                actor: None,
                action: "session.refused",
                subject: account.map(AccountId::subject).unwrap_or_default(),
                peer: &peer,
                detail: json!({ "why": why }),
            };
            audit::append(conn, &event)
        };
        self.0.db.tx("refuse_session", refused).await?;
        Err(Refused::Credentials)
    }

    /// The password is right and known: the chance to store it under today's cost. Nobody is refused when this fails.
    async fn rehash(&self, row: &CredentialRow, password: SecretString) {
        let Ok(hash) = self.0.hashing.hash(password).await else {
            return;
        };
        let (id, changed_at) = (row.account_id, row.password_changed_at);
        let store =
            move |conn: &mut diesel::PgConnection| credentials::rehash(conn, id, changed_at, hash.as_str());
        let _ = self.0.db.tx("rehash_password", store).await;
    }

    async fn begin(&self, checked: &Checked, kind: Kind, peer: &Peer) -> Result<Begun, Refused> {
        let (id, secret, lives) = (Uuid::new_v4(), PlainToken::random(), self.0.lives);
        let (hash, account, peer) = (secret.hash(), checked.account, peer.clone());
        let password_changed_at = checked.row.password_changed_at;
        let life = match kind {
            Kind::Api | Kind::Browser => lives.session.min(lives.idle),
            Kind::Token => lives.access,
        };
        let begun = self.0.db.tx("begin_session", move |conn| {
            if !credentials::hold(conn, account.get(), password_changed_at)? {
                return Ok(None);
            }
            let new = NewSession {
                id,
                account,
                kind: kind.as_str(),
                cookie_hash: (kind == Kind::Browser).then(|| hash.bytes()),
                life,
                user_agent: &peer.user_agent,
                address: &peer.address.to_string(),
                network: &peer.network().to_string(),
            };
            let ends = sessions::begin(conn, &new)?;
            if kind == Kind::Api {
                refresh_tokens::add(conn, id, hash.bytes())?;
            }
            let event = Event {
                actor: Some(account),
                action: "session.begun",
                subject: format!("session:{id}"),
                peer: &peer,
                detail: json!({ "kind": kind.as_str() }),
            };
            audit::append(conn, &event)?;
            Ok(Some(ends))
        });
        // The password was changed, or the account deleted, while the password was being checked.
        let ends = begun.await?.ok_or(Refused::Credentials)?;
        Ok(Begun { id, secret, ends })
    }

    fn access_token(&self, checked: &Checked, begun: &Begun) -> Result<AccessToken, Refused> {
        let about = Subject {
            account: checked.account,
            session: begun.id,
            role: checked.role,
            email: &checked.row.email,
            session_ends: begun.ends,
        };
        let token = AccessToken::issue(&self.0.jwt, &about, self.0.lives.access);
        token.ok_or(Refused::Storage(StorageError::Failed))
    }
}
