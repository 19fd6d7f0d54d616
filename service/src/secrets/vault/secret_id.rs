//! The SecretID of an AppRole. A wrapped one is unwrapped once: where its wrapping token was created is checked before, and a
//! token that was unwrapped already means that someone else may have the SecretID.

use super::call::check_token;
use super::connection::Connection;
use super::error::VaultError;
use crate::config::secret::SecretSource;
use crate::config::vault::SecretIdSource;
use crate::secrets;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use vaultrs::sys::wrapping;

/// The SecretIDs that were unwrapped.
#[derive(Default)]
pub(super) struct SecretIds {
    unwrapped: Option<Unwrapped>,
    /// The wrapping token of an attempt without an answer, which may have used it.
    attempted: Option<SecretString>,
}

struct Unwrapped {
    wrapping_token: SecretString,
    secret_id: SecretString,
}

#[derive(Deserialize)]
struct WrappedSecretId {
    secret_id: SecretString,
}

impl SecretIds {
    /// The SecretID to log in with.
    pub(super) async fn find(
        &mut self,
        vault: &Connection,
        mount: &str,
        source: &SecretIdSource,
    ) -> Result<SecretString, VaultError> {
        match source {
            SecretIdSource::Plain(source) => read("VAULT_SECRET_ID", source),
            SecretIdSource::Wrapped(source) => {
                let token = read("VAULT_WRAPPED_SECRET_ID", source)?;
                let former = self.unwrapped.as_ref();
                if let Some(former) = former.filter(|former| is_equal(&former.wrapping_token, &token)) {
                    return Ok(former.secret_id.clone());
                }
                let result = self.unwrap(vault, mount, &token).await;
                if let Err(error) = &result {
                    self.report(error, &token);
                }
                let secret_id = result?;
                self.unwrapped = Some(Unwrapped {
                    wrapping_token: token,
                    secret_id: secret_id.clone(),
                });
                Ok(secret_id)
            }
        }
    }

    async fn unwrap(
        &mut self,
        vault: &Connection,
        mount: &str,
        token: &SecretString,
    ) -> Result<SecretString, VaultError> {
        check_token(token).map_err(|_| {
            let reason = "is not a wrapping token".to_owned();
            VaultError::Setting("VAULT_WRAPPED_SECRET_ID", reason)
        })?;
        let client = vault.client(None);
        let look_up = wrapping::lookup(&client, token.expose_secret());
        let origin = vault
            .observed("wrap_lookup", async { look_up.await.map_err(spent) })
            .await?;
        if !is_secret_id_path(&origin.creation_path, mount) {
            return Err(VaultError::WrapForeign);
        }
        self.attempted = Some(token.clone());
        let client = vault.client(Some(token));
        let unwrap = wrapping::unwrap::<WrappedSecretId>(&client, None);
        let answer = vault
            .observed("unwrap", async { unwrap.await.map_err(spent) })
            .await?;
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
            own_attempt,
            %error,
            "the wrapped SecretID cannot be trusted: revoke its accessor, find out who used it and deliver a new one \
             (own_attempt: an earlier attempt of this process got no answer and may have used it)"
        );
    }
}

/// What the server answers for a wrapping token that was used, has expired or never existed.
fn spent(error: vaultrs::error::ClientError) -> VaultError {
    match error.into() {
        VaultError::Rejected { status: 400, .. } | VaultError::Denied => VaultError::WrapSpent,
        other => other,
    }
}

/// Whether only the creation of a SecretID of this login method can have made a wrapping token.
fn is_secret_id_path(path: &str, mount: &str) -> bool {
    let role = path
        .strip_prefix("auth/")
        .and_then(|path| path.strip_prefix(mount))
        .and_then(|path| path.strip_prefix("/role/"))
        .and_then(|path| path.strip_suffix("/secret-id"));
    role.is_some_and(|role| !role.is_empty() && !role.contains('/'))
}

fn is_equal(a: &SecretString, b: &SecretString) -> bool {
    a.expose_secret() == b.expose_secret()
}

fn read(setting: &'static str, source: &SecretSource) -> Result<SecretString, VaultError> {
    secrets::read(source).map_err(|error| VaultError::Setting(setting, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_creation_of_a_secret_id_makes_an_acceptable_wrapping_token() {
        let is_path = |path| is_secret_id_path(path, "approle");
        assert!(is_path("auth/approle/role/portcullis/secret-id"));
        for path in [
            "",
            "sys/wrapping/wrap",
            "auth/other/role/portcullis/secret-id",
            "auth/approle/role//secret-id",
            "auth/approle/role/a/b/secret-id",
            "auth/approle/role/portcullis/secret-id/lookup",
            "auth/approle/role/portcullis/custom-secret-id",
            "cubbyhole/auth/approle/role/portcullis/secret-id",
        ] {
            assert!(!is_path(path), "{path}");
        }
    }
}
