//! The SecretID of an AppRole. A wrapped one is unwrapped once: where its wrapping token was created is checked before, and a
//! token that was unwrapped already means that someone else may have the SecretID.

use super::call::check_token;
use super::connection::Connection;
use super::error::VaultError;
use crate::config::secret::SecretSource;
use crate::config::secret_id::SecretIdSource;
use crate::secrets;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The SecretIDs that were unwrapped.
pub(super) struct SecretIds {
    /// The name of the Vault client that logs in with them.
    client: &'static str,
    unwrapped: Option<Unwrapped>,
    /// The wrapping token of an attempt without an answer, which may have used it.
    attempted: Option<SecretString>,
}

struct Unwrapped {
    wrapping_token: SecretString,
    secret_id: SecretString,
    /// Whether a login with it has succeeded.
    is_proven: bool,
}

/// Where a wrapping token was made.
#[derive(Deserialize)]
struct Origin {
    creation_path: String,
}

#[derive(Deserialize)]
struct WrappedSecretId {
    secret_id: SecretString,
}

impl SecretIds {
    /// None yet.
    pub(super) fn new(client: &'static str) -> Self {
        Self {
            client,
            unwrapped: None,
            attempted: None,
        }
    }

    /// The SecretID to log in with.
    pub(super) async fn find(
        &mut self,
        vault: &Connection,
        mount: &str,
        source: &SecretIdSource,
    ) -> Result<SecretString, VaultError> {
        match source {
            SecretIdSource::Plain { setting, secret_id } => read(setting, secret_id),
            SecretIdSource::Wrapped {
                setting,
                token,
                role_setting,
                role,
            } => {
                let token = read(setting, token)?;
                check_token(&token)
                    .map_err(|_| VaultError::Setting(setting, "is not a wrapping token".to_owned()))?;
                let former = self.unwrapped.as_ref();
                if let Some(former) = former.filter(|former| is_equal(&former.wrapping_token, &token)) {
                    return Ok(former.secret_id.clone());
                }
                let path = format!("auth/{mount}/role/{role}/secret-id");
                let foreign = VaultError::WrapForeign(role_setting);
                let result = self.unwrap(vault, &path, &token, foreign).await;
                if let Err(error) = &result {
                    self.report(error, &token);
                }
                let secret_id = result?;
                self.unwrapped = Some(Unwrapped {
                    wrapping_token: token,
                    secret_id: secret_id.clone(),
                    is_proven: false,
                });
                Ok(secret_id)
            }
        }
    }

    /// The outcome of a login with the SecretID that was found. An unwrapped one that never worked may have been put in the place
    /// of the one that was issued for this service.
    pub(super) fn used<T>(&mut self, result: Result<T, VaultError>) -> Result<T, VaultError> {
        let Some(unwrapped) = self.unwrapped.as_mut().filter(|unwrapped| !unwrapped.is_proven) else {
            return result;
        };
        match result {
            Ok(_) => unwrapped.is_proven = true,
            Err(VaultError::Rejected { .. }) => {
                let (error, token) = (VaultError::SecretIdRefused, unwrapped.wrapping_token.clone());
                self.report(&error, &token);
                return Err(error);
            }
            // It may have been used up.
            Err(ref error) if error.is_retryable() => {
                self.attempted = Some(unwrapped.wrapping_token.clone());
            }
            Err(_) => {}
        }
        result
    }

    /// Unwraps the SecretID that was created at this path. `foreign` is the error for what was created elsewhere.
    async fn unwrap(
        &mut self,
        vault: &Connection,
        path: &str,
        token: &SecretString,
        foreign: VaultError,
    ) -> Result<SecretString, VaultError> {
        let origin: Origin = vault.look_up_wrapped(token).await?;
        // Nothing but the creation of a SecretID of this AppRole makes a wrapping token with this path.
        if origin.creation_path != path {
            return Err(foreign);
        }
        self.attempted = Some(token.clone());
        let answer: WrappedSecretId = vault.unwrap(token).await?;
        self.attempted = None;
        Ok(answer.secret_id)
    }

    fn report(&self, error: &VaultError, token: &SecretString) {
        if !error.is_incident() {
            return;
        }
        let own_attempt = self
            .attempted
            .as_ref()
            .is_some_and(|former| is_equal(former, token));
        tracing::error!(
            target: "security",
            event = "vault.wrapped_secret_id_rejected",
            client = self.client,
            own_attempt,
            %error,
            "the wrapped SecretID cannot be trusted: revoke its accessor, find out who used it and deliver a new one \
             (own_attempt: an earlier attempt of this process got no answer and may have used it)"
        );
    }
}

fn is_equal(a: &SecretString, b: &SecretString) -> bool {
    a.expose_secret() == b.expose_secret()
}

fn read(setting: &'static str, source: &SecretSource) -> Result<SecretString, VaultError> {
    secrets::read(source).map_err(|error| VaultError::Setting(setting, error.to_string()))
}
