//! The task that keeps the token valid: renewed at two thirds of its life, replaced by a new login when that is not possible.

use super::call::Call;
use super::client::{Vault, spawned};
use super::error::VaultError;
use super::lease::ttl;
use super::session::{REFUSED_DELAY, Session};
use super::token::Token;
use crate::secrets::backoff::Backoff;
use serde::de::IgnoredAny;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The first delay after a failure is at most this.
const BASE_DELAY: Duration = Duration::from_millis(500);

/// The maximum delay.
const MAX_DELAY: Duration = Duration::from_secs(30);

impl Vault {
    /// Keeps the token valid. Exactly one task runs this, as long as the service. Returns nothing but an incident of the first
    /// login, which ends the start of a service, too. A later one leaves in use what was issued until then.
    pub async fn keep_token(&self) -> VaultError {
        let mut backoff = Backoff::new(BASE_DELAY, MAX_DELAY);
        let mut reported = None;
        let mut session_number = self.session_number();
        loop {
            session_number.mark_unchanged();
            let result = match self.current() {
                Some(session) => {
                    tokio::select! {
                        () = until(session.token.lifetime.renew_at()) => self.renew_or_log_in(&session).await,
                        _ = session_number.changed() => Ok(()),
                    }
                }
                None => match self.log_in().await {
                    Err(error) if error.is_incident() => return error,
                    result => result,
                },
            };
            let Err(error) = result else {
                if reported.take().is_some() {
                    tracing::info!(client = self.name(), "the Vault token is valid again");
                }
                backoff.reset();
                continue;
            };
            if matches!(error, VaultError::Closed) {
                return std::future::pending().await;
            }
            // Once for each cause: Vault may be unavailable for hours.
            if reported.as_ref() != Some(&error) {
                tracing::warn!(client = self.name(), %error, "cannot renew the Vault token or log in; trying again");
            }
            let refused = !error.is_retryable();
            reported = Some(error);
            let delay = backoff.next_delay();
            tokio::time::sleep(if refused { delay.max(REFUSED_DELAY) } else { delay }).await;
        }
    }

    /// Renews the token. If it cannot be renewed, or the renewal brings little, logs in.
    async fn renew_or_log_in(&self, session: &Arc<Session>) -> Result<(), VaultError> {
        let (vault, session) = (self.clone(), Arc::clone(session));
        spawned(async move {
            if !session.token.lifetime.has_ended() {
                match vault.renew_token(&session.token).await {
                    Ok(true) => return Ok(()),
                    // The token may outlive the outage.
                    Err(error) if error.is_retryable() && !session.token.lifetime.has_ended() => {
                        return Err(error);
                    }
                    Ok(false) | Err(_) => {}
                }
            }
            vault.log_in_after(session.number).await.map(drop)
        })
        .await
    }

    async fn renew_token(&self, token: &Token) -> Result<bool, VaultError> {
        let sent = Instant::now();
        let renewal = Call::<IgnoredAny>::post("auth/token/renew-self", &json!({})).auth(&token.client);
        let answer = self.0.connection.observed("token_renew", renewal).await?;
        let is_renewed = token.renewed(sent, ttl(answer.lease_duration));
        self.0.connection.token_ends(token.lifetime.end());
        Ok(is_renewed)
    }
}

/// Waits for a point in time; without one for ever.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
