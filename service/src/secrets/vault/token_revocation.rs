//! The end of tokens: of one that a new login has replaced, when its last lease has ended, and of all when the client is closed.

use super::call::Call;
use super::client::{Vault, spawned};
use super::error::VaultError;
use super::session::Release;
use super::token::Token;
use crate::secrets::backoff::Backoff;
use serde::de::IgnoredAny;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Delays between attempts to revoke a token that was replaced.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

impl Vault {
    /// Revokes all tokens, and ends the client. Leases that remain end with them; their owners revoke them before.
    pub async fn close(&self) {
        self.set_closed();
        let vault = self.clone();
        let closing = spawned(async move {
            // A login that is under way revokes what it gets. The process must not end before.
            let _authenticator = vault.0.authenticator.lock().await;
            vault.revoke_all().await
        });
        if let Err(error) = closing.await {
            tracing::warn!(client = self.name(), %error, "cannot revoke the Vault token; it ends by itself");
        }
    }

    /// Revokes the current token and those that are left of former logins.
    pub(super) async fn revoke_all(&self) -> Result<(), VaultError> {
        for token in self.take_former_tokens() {
            // It may be gone: what replaced it may have been its end.
            let _ = self.revoke_token(&token).await;
        }
        let Some(session) = self.replace_session(None) else {
            return Ok(());
        };
        self.revoke_token(&session.token).await
    }

    async fn revoke_token(&self, token: &Token) -> Result<(), VaultError> {
        let call = Call::<IgnoredAny>::post("auth/token/revoke-self", &json!({})).done(&token.client);
        let revoked = self.0.connection.observed("token_revoke", call).await;
        if revoked.is_ok() {
            token.revoked();
        }
        revoked
    }

    /// Revokes tokens of former logins, also when their last lease is dropped outside of the runtime.
    pub(super) fn release(&self) -> Release {
        let (inner, runtime) = (Arc::downgrade(&self.0), Handle::current());
        Box::new(move |session_number, token| {
            let Some(vault) = inner.upgrade().map(Vault) else {
                return;
            };
            // `close` revokes what is left.
            if !vault.is_closed() && !token.lifetime.has_ended() {
                let token = Arc::clone(token);
                runtime.spawn(async move { vault.revoke_former(session_number, token).await });
            }
        })
    }

    /// Revokes the token of a former session, on which no lease depends any more.
    async fn revoke_former(&self, session_number: u64, token: Arc<Token>) {
        let mut backoff = BACKOFF;
        loop {
            match self.revoke_token(&token).await {
                Ok(()) => {
                    return tracing::info!(
                        client = self.name(),
                        session_number,
                        "the former Vault token is revoked"
                    );
                }
                // Vault has ended it already, which is why it was replaced.
                Err(VaultError::Denied) => return,
                Err(error) if !error.is_retryable() => {
                    return tracing::warn!(client = self.name(), session_number, %error, "cannot revoke the former Vault token; it ends by itself");
                }
                Err(_) => tokio::time::sleep(backoff.next_delay()).await,
            }
            if token.lifetime.has_ended() || self.is_closed() {
                return;
            }
        }
    }
}
