//! Wrapping: a text for one reader, behind a token that works once and for a short time.

use super::call::{Call, check_token, token};
use super::client::{Vault, spawned};
use super::connection::Connection;
use super::error::VaultError;
use super::session::Session;
use secrecy::SecretString;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

impl Connection {
    /// What a look-up of a wrapping token answers. No other token is sent.
    ///
    /// # Errors
    ///
    /// [`VaultError::WrapSpent`] if it was used before or has expired.
    pub(super) async fn look_up_wrapped<R: DeserializeOwned + Send + Sync>(
        &self,
        wrapping_token: &SecretString,
    ) -> Result<R, VaultError> {
        let client = self.client(None);
        let call = Call::<R>::wrap_lookup(wrapping_token).data(&client);
        self.observed("wrap_lookup", async { call.await.map_err(spent) })
            .await
    }

    /// What a wrapping token holds. No other token is sent.
    ///
    /// # Errors
    ///
    /// [`VaultError::WrapSpent`] if it was used before or has expired.
    pub(super) async fn unwrap<R: DeserializeOwned + Send + Sync>(
        &self,
        wrapping_token: &SecretString,
    ) -> Result<R, VaultError> {
        check_token(wrapping_token).map_err(|_| VaultError::WrapSpent)?;
        let client = self.client(Some(wrapping_token));
        let call = Call::<R>::post("sys/wrapping/unwrap", &Value::Null).data(&client);
        self.observed("unwrap", async { call.await.map_err(spent) }).await
    }
}

/// What the server answers for a wrapping token that was used, has expired or never existed.
fn spent(error: VaultError) -> VaultError {
    match error {
        VaultError::Rejected { status: 400, .. } | VaultError::Denied => VaultError::WrapSpent,
        other => other,
    }
}

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
        let (vault, token) = (self.clone(), wrapping_token.clone());
        let look_up = async move { vault.0.connection.look_up_wrapped::<IgnoredAny>(&token).await };
        match spawned(look_up).await {
            Ok(IgnoredAny) => Ok(true),
            Err(VaultError::WrapSpent) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Unwraps what a wrapping token holds. No token of the service's own is sent.
    ///
    /// # Errors
    ///
    /// [`VaultError::WrapSpent`] if it was used before or has expired.
    pub async fn unwrap(&self, wrapping_token: &SecretString) -> Result<Value, VaultError> {
        let (vault, token) = (self.clone(), wrapping_token.clone());
        spawned(async move { vault.0.connection.unwrap(&token).await }).await
    }
}
