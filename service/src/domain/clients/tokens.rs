//! Issuing access tokens to clients: the grant `client_credentials` (RFC 6749 §4.4).

use super::Clients;
use super::error::TokenError;
use super::verification::{PresentedCredential, VerifiedClient};
use crate::db::PgConnection;
use crate::db::audit::{self, Event};
use crate::db::clients::{credentials, used_assertions};
use crate::domain::StorageError;
use crate::domain::min_response_time::with_min_response_time_if;
use crate::types::client::{ClientId, ClientScopes};
use crate::types::client_info::ClientInfo;
use crate::types::clock;
use serde_json::json;
use std::fmt;
use std::time::Duration;

pub use super::verification::ClientAuthentication;

/// How often the use of a credential is recorded, in its row and in the audit log. A client that gets a token for each of its requests
/// would fill the log, which is never deleted, and queue behind its lock; most token requests write nothing.
const USE_INTERVAL: Duration = Duration::from_secs(60);

/// A token to issue.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// What authenticates the client.
    pub authentication: ClientAuthentication,
    /// The requested scopes, separated by spaces. `None`: all scopes of the client.
    pub scope: Option<String>,
}

/// An access token of a client. `Debug` redacts it.
pub struct ClientToken {
    /// The client.
    pub client: ClientId,
    /// The token.
    pub text: String,
    /// How long it is valid.
    pub ttl: Duration,
    /// What it grants.
    pub scopes: ClientScopes,
}

impl fmt::Debug for ClientToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientToken([redacted])")
    }
}

impl Clients {
    /// Issues a token. Only rejections of the client are delayed: their duration must not reveal whether it exists.
    pub async fn issue_token(
        &self,
        request: TokenRequest,
        client: &ClientInfo,
    ) -> Result<ClientToken, TokenError> {
        let issued = self.try_issue_token(request, client);
        with_min_response_time_if(issued, |outcome| {
            matches!(outcome, Err(TokenError::InvalidClient))
        })
        .await
    }

    async fn try_issue_token(
        &self,
        request: TokenRequest,
        client: &ClientInfo,
    ) -> Result<ClientToken, TokenError> {
        let verified = self.verify(&request.authentication, client).await?;
        let scopes = match request.scope {
            None => verified.scopes.clone(),
            Some(text) => ClientScopes::parse(&text)
                .filter(|scopes| scopes.is_subset_of(&verified.scopes))
                .ok_or(TokenError::InvalidScope)?,
        };
        let id = verified.id;
        self.record_use(verified, &request.authentication, client).await?;
        let now = clock::now();
        let ttl = self.0.access_token_ttl;
        let text = self.0.jwt.issue_to_client(id, &scopes, (now, now + ttl));
        Ok(ClientToken {
            client: id,
            text: text.ok_or(StorageError::Failed)?,
            ttl,
            scopes,
        })
    }

    /// Consumes the assertion, and records the use of the credential. An assertion that is refused for its scope is not consumed.
    async fn record_use(
        &self,
        verified: VerifiedClient,
        authentication: &ClientAuthentication,
        client: &ClientInfo,
    ) -> Result<(), TokenError> {
        let VerifiedClient {
            id,
            credential,
            last_used_at,
            presented,
            ..
        } = verified;
        let is_recorded = last_used_at
            .and_then(|at| (clock::now() - at).to_std().ok())
            .is_some_and(|age| age < USE_INTERVAL);
        if is_recorded && matches!(presented, PresentedCredential::Secret) {
            return Ok(());
        }
        let info = client.clone();
        let recorded = self.0.db.tx("record_client", move |conn: &mut PgConnection| {
            if let PresentedCredential::Assertion(used) = &presented
                && !used_assertions::add(conn, id, used.jti_hash.bytes(), used.stored_until)?
            {
                return Ok(false);
            }
            if credentials::touch(conn, credential, USE_INTERVAL)? {
                let event = Event {
                    actor: None,
                    action: "client.authenticated",
                    subject: id.subject(),
                    client: &info,
                    detail: json!({ "method": presented.method(), "credential": credential }),
                };
                audit::append(conn, &event)?;
            }
            Ok(true)
        });
        if recorded.await? {
            Ok(())
        } else {
            self.reject(authentication, Some(id), "used assertion", client)
                .await
        }
    }
}
