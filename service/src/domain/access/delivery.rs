//! Hands a login over to its owner, once. Its credentials wait in Vault behind a wrapping token, which the database has only
//! encrypted: who wants them needs the database, the data key and Vault, and leaves a trace that the owner runs into.

use super::error::AccessError;
use super::issuing::SEALED_FOR;
use super::{Access, Author};
use crate::db::access::collection::{self, Collectable};
use crate::db::access::logins::{self, LoginEnd};
use crate::db::access::requests;
use crate::domain::sessions::caller::RecentlyProven;
use crate::secrets::vault::VaultError;
use crate::types::access::{AccessRequestId, AccessState};
use crate::types::client_info::ClientInfo;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// Credentials of a database login.
pub struct HandedOver {
    /// The user.
    pub username: String,
    /// The password.
    pub password: SecretString,
    /// When the login ends.
    pub expires_at: DateTime<Utc>,
}

/// What the wrapping token holds.
#[derive(Deserialize)]
struct Content {
    username: String,
    password: SecretString,
}

impl Access {
    /// Hands over the newest login of an own request.
    pub async fn collect(
        &self,
        who: &RecentlyProven,
        client: &ClientInfo,
        id: AccessRequestId,
    ) -> Result<HandedOver, AccessError> {
        let by = Arc::new(Author::of(who.signed_in(), client));
        let login = self.begin_collection(&by, id).await?;
        let sealed = login.sealed_token.unwrap_or_default();
        let token = self.0.data_keys.open(SEALED_FOR, &login.id.to_string(), &sealed);
        let Some(token) = token.and_then(|token| String::from_utf8(token).ok()) else {
            tracing::error!(
                request = id.get(),
                "no data key decrypts the wrapping token of a login; the next one is issued"
            );
            self.end_login(&by, id, login.id, LoginEnd::Uncollected).await?;
            return Err(AccessError::LoginPending);
        };
        let token = token.into();
        // A token that is still unused was not used by the attempt without an answer either.
        let may_be_own = login.has_lost_attempt && !matches!(self.0.vault.is_wrapped(&token).await, Ok(true));
        let content = match self.0.vault.unwrap(&token).await {
            Ok(content) => serde_json::from_value::<Content>(content).map_err(|_| VaultError::Malformed),
            Err(error) => Err(error),
        };
        match content {
            Ok(content) => {
                self.finish_collection(&by, id, login.id, content, login.expires_at)
                    .await
            }
            Err(VaultError::WrapSpent) if may_be_own => {
                tracing::warn!(
                    target: "security",
                    event = "access.login_lost",
                    request = id.get(),
                    login = %login.id,
                    "the wrapping token of a login was used already, by an attempt of this service whose answer was lost or by someone \
                     else; the login is revoked"
                );
                self.end_login(&by, id, login.id, LoginEnd::Lost).await?;
                Err(AccessError::Lost)
            }
            Err(VaultError::WrapSpent) => {
                tracing::warn!(
                    target: "security",
                    event = "access.login_compromised",
                    request = id.get(),
                    login = %login.id,
                    "the wrapping token of a login was used before its owner collected it; the login is revoked"
                );
                self.end_login(&by, id, login.id, LoginEnd::Compromised).await?;
                Err(AccessError::Compromised)
            }
            Err(error) => {
                tracing::warn!(request = id.get(), %error, "cannot unwrap a login");
                let abandon = move |conn: &mut _| collection::abandon_collection(conn, login.id);
                self.0.db.tx("abandon_access_collection", abandon).await?;
                Err(AccessError::VaultUnavailable)
            }
        }
    }

    async fn begin_collection(
        &self,
        by: &Arc<Author>,
        id: AccessRequestId,
    ) -> Result<Collectable, AccessError> {
        let author = Arc::clone(by);
        let begun = self.0.db.tx("begin_access_collection", move |conn| {
            let row = requests::lock(conn, id)?;
            if !author.who.is_still_signed_in(conn)? {
                return Ok(Err(AccessError::SignedOut));
            }
            let Some(row) = row.filter(|row| row.requester() == author.who.account()) else {
                return Ok(Err(AccessError::NotFound));
            };
            match AccessState::parse(&row.state) {
                Some(AccessState::Approved) => {}
                Some(state) => return Ok(Err(AccessError::WrongState(state.as_str()))),
                None => return Ok(Err(AccessError::NotFound)),
            }
            let Some(login) = collection::find_collectable(conn, id)? else {
                return Ok(Err(AccessError::LoginPending));
            };
            if login.collected_at.is_some() {
                return Ok(Err(if login.is_successor_due {
                    AccessError::LoginPending
                } else {
                    AccessError::Collected
                }));
            }
            if login.is_being_collected == Some(true) {
                return Ok(Err(AccessError::BeingCollected));
            }
            if login.is_token_over != Some(false) {
                // Its password is lost: the worker issues another one.
                logins::end(conn, login.id, LoginEnd::Uncollected)?;
                return Ok(Err(AccessError::LoginPending));
            }
            collection::begin_collection(conn, login.id)?;
            Ok(Ok(login))
        });
        let begun = begun.await?;
        if matches!(begun, Err(AccessError::LoginPending)) {
            self.wake();
        }
        begun
    }

    async fn finish_collection(
        &self,
        by: &Arc<Author>,
        id: AccessRequestId,
        login: Uuid,
        content: Content,
        expires_at: DateTime<Utc>,
    ) -> Result<HandedOver, AccessError> {
        let (author, name) = (Arc::clone(by), content.username.clone());
        let finished = self.0.db.tx("finish_access_collection", move |conn| {
            requests::lock(conn, id)?;
            if !collection::finish_collection(conn, login)? {
                return Ok(Err(AccessError::WrongState(AccessState::Ended.as_str())));
            }
            let detail = json!({ "request": id.get(), "name": name });
            author.append_login_event(conn, "access_login.collected", login, detail)?;
            Ok(Ok(()))
        });
        finished.await??;
        Ok(HandedOver {
            username: content.username,
            password: content.password,
            expires_at,
        })
    }

    /// Ends a login that cannot be handed over, in Vault too.
    async fn end_login(
        &self,
        by: &Arc<Author>,
        id: AccessRequestId,
        login: Uuid,
        reason: LoginEnd,
    ) -> Result<(), AccessError> {
        let author = Arc::clone(by);
        let ended = self.0.db.tx("end_access_login", move |conn| {
            requests::lock(conn, id)?;
            let action = match reason {
                LoginEnd::Compromised => Some("access_login.compromised"),
                LoginEnd::Lost => Some("access_login.lost"),
                _ => None,
            };
            if logins::end(conn, login, reason)?
                && let Some(action) = action
            {
                let detail = json!({ "request": id.get() });
                author.append_login_event(conn, action, login, detail)?;
            }
            Ok(())
        });
        ended.await?;
        self.end_in_postgres(Some(id)).await?;
        self.wake();
        Ok(())
    }
}
