//! Logins to Vault: AppRole, Kubernetes, JWT. Secrets and tokens are read at each login, so that rotated files take effect.

use super::call::{Call, token};
use super::connection::Connection;
use super::error::VaultError;
use super::lease::ttl;
use super::secret_id::SecretIds;
use crate::config::secret::SecretSource;
use crate::config::vault::{JwtLogin, VaultAuth, VaultSettings};
use crate::secrets;
use secrecy::{ExposeSecret, SecretString};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use vaultrs::api::AuthInfo;

/// A new token.
pub(super) struct LoginAnswer {
    pub(super) token: SecretString,
    /// Zero: it does not end.
    pub(super) duration: Duration,
}

/// Logs in with the configured method.
pub(super) struct Authenticator {
    auth: VaultAuth,
    mount: String,
    secret_ids: SecretIds,
    /// The key of fingerprints, which is never stored.
    hasher: RandomState,
}

impl Authenticator {
    /// Of the Vault client of this name.
    pub(super) fn new(settings: &VaultSettings, client: &'static str) -> Self {
        Self {
            auth: settings.auth.clone(),
            mount: settings.auth_mount.clone(),
            secret_ids: SecretIds::new(client),
            hasher: RandomState::new(),
        }
    }

    /// Shows whether the configured secret is still the same. `None`: it cannot be read.
    pub(super) fn fingerprint(&self) -> Option<u64> {
        let secret = match &self.auth {
            VaultAuth::AppRole { secret_id, .. } => secrets::read(secret_id.secret().1).ok()?,
            VaultAuth::Kubernetes(JwtLogin { file, .. }) | VaultAuth::Jwt(JwtLogin { file, .. }) => {
                read_jwt(file).ok()?
            }
        };
        Some(self.hasher.hash_one(secret.expose_secret()))
    }

    /// Logs in.
    pub(super) async fn log_in(&mut self, vault: &Connection) -> Result<LoginAnswer, VaultError> {
        let answer = match &self.auth {
            VaultAuth::AppRole { role_id, secret_id } => {
                let secret_id = self.secret_ids.find(vault, &self.mount, secret_id).await?;
                let ids = json!({ "role_id": role_id, "secret_id": secret_id.expose_secret() });
                let result = log_in(vault, &self.mount, &ids).await;
                self.secret_ids.used(result)?
            }
            VaultAuth::Kubernetes(JwtLogin { role, file }) | VaultAuth::Jwt(JwtLogin { role, file }) => {
                let jwt = read_jwt(file)?;
                log_in(
                    vault,
                    &self.mount,
                    &json!({ "role": role, "jwt": jwt.expose_secret() }),
                )
                .await?
            }
        };
        LoginAnswer::of(answer)
    }
}

impl LoginAnswer {
    fn of(answer: AuthInfo) -> Result<Self, VaultError> {
        Ok(Self {
            token: token(answer.client_token)?,
            duration: ttl(answer.lease_duration),
        })
    }
}

async fn log_in(vault: &Connection, mount: &str, body: &Value) -> Result<AuthInfo, VaultError> {
    let client = vault.client(None);
    let call = Call::<IgnoredAny>::post(format!("auth/{mount}/login"), body).auth(&client);
    vault.observed("login", call).await
}

fn read_jwt(file: &std::path::Path) -> Result<SecretString, VaultError> {
    // The platform replaces the file, so it may be readable at the next attempt.
    secrets::read(&SecretSource::File(file.to_owned()))
        .map_err(|error| VaultError::Setting("VAULT_JWT_FILE", error.to_string()))
}
