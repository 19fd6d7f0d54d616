//! Wrapping: a text for one reader, behind a token that works once and for a short time.

use super::call::{Call, check_token, token};
use super::client::{Vault, spawned};
use super::error::VaultError;
use super::session::Session;
use secrecy::SecretString;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

impl Vault {
    /// Wraps content; returns the wrapping token.
    pub async fn wrap(&self, content: &Value, ttl: Duration) -> Result<SecretString, VaultError> {
        let content = content.clone();
        let answer = self
            .call("wrap", move |session: Arc<Session>| {
                let call = Call::<IgnoredAny>::post("sys/wrapping/wrap", &content);
                async move { call.wrapped(&session.token.client, ttl).await }
            })
            .await?;
        token(answer)
    }

    /// Whether a wrapping token can be unwrapped. No token of the service's own is sent.
    pub async fn is_wrapped(&self, wrapping_token: &SecretString) -> Result<bool, VaultError> {
        let call = Call::<IgnoredAny>::wrap_lookup(wrapping_token);
        let (vault, client) = (self.clone(), self.0.connection.client(None));
        let result = spawned(async move {
            let call = call.data(&client);
            vault.0.connection.observed("wrap_lookup", call).await
        });
        match result.await {
            Ok(_) => Ok(true),
            Err(VaultError::Rejected { status: 400, .. } | VaultError::Denied) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Unwraps what a wrapping token holds. No token of the service's own is sent.
    ///
    /// # Errors
    ///
    /// [`VaultError::WrapSpent`] if it was used before or has expired.
    pub async fn unwrap(&self, wrapping_token: &SecretString) -> Result<Value, VaultError> {
        check_token(wrapping_token).map_err(|_| VaultError::WrapSpent)?;
        let (vault, client) = (self.clone(), self.0.connection.client(Some(wrapping_token)));
        let result = spawned(async move {
            let call = Call::<Value>::post("sys/wrapping/unwrap", &Value::Null).data(&client);
            vault.0.connection.observed("unwrap", call).await
        });
        match result.await {
            Err(VaultError::Rejected { status: 400, .. } | VaultError::Denied) => Err(VaultError::WrapSpent),
            other => other,
        }
    }
}
