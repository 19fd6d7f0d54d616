//! Logins of people: each under a token of its own, so that it ends with that token and not with the service's.

use super::call::{Call, token};
use super::client::Vault;
use super::database::{Unclaimed, claimed, issued};
use super::error::VaultError;
use super::lease::Lease;
use super::session::Session;
use crate::secrets::credentials::Credentials;
use secrecy::SecretString;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A token without a parent.
pub struct OrphanToken {
    token: SecretString,
    accessor: String,
}

impl OrphanToken {
    /// Names the token without permitting its use: enough to revoke it.
    pub fn accessor(&self) -> &str {
        &self.accessor
    }
}

impl Vault {
    /// Creates a token by a token role. `meta` appears in Vault's audit log.
    pub async fn create_orphan_token(
        &self,
        role: &str,
        ttl: Duration,
        meta: &Value,
    ) -> Result<OrphanToken, VaultError> {
        let path = format!("auth/token/create/{role}");
        let body = json!({ "ttl": format!("{}s", ttl.as_secs()), "meta": meta });
        let answer = self
            .call("token_create", move |session: Arc<Session>| {
                let call = Call::<IgnoredAny>::post(path.clone(), &body);
                async move { call.envelope(&session.token.client).await }
            })
            .await?;
        let auth = answer.auth.ok_or(VaultError::Malformed)?;
        if !auth.orphan || auth.accessor.is_empty() {
            return Err(VaultError::Malformed);
        }
        Ok(OrphanToken {
            token: token(auth.client_token)?,
            accessor: auth.accessor,
        })
    }

    /// Issues a login of this role, named without the prefix, under a token of its own, and extends its lease to this time.
    /// A login whose lease cannot be extended, or whose caller is gone, is revoked.
    pub async fn issue_login_with(
        &self,
        token: &OrphanToken,
        role: &str,
        lifetime: Duration,
    ) -> Result<(Credentials, Lease), VaultError> {
        let (vault, client) = (self.clone(), self.0.connection.client(Some(&token.token)));
        let path = self.database_path("creds", role);
        claimed(async move {
            let issue = issued(Call::get(path), &client, None);
            let (credentials, lease) = vault.0.connection.observed("issue_login", issue).await?;
            let body = json!({ "lease_id": lease.id(), "increment": lifetime.as_secs() });
            let mut unclaimed = Unclaimed::new(vault.clone(), credentials, lease);
            let sent = Instant::now();
            let extend = Call::<IgnoredAny>::post("sys/leases/renew", &body).envelope(&client);
            let answer = vault.0.connection.observed("lease_renew", extend).await?;
            if let Some(lease) = unclaimed.lease() {
                lease.renewed(answer.lease_duration, answer.renewable, sent);
            }
            Ok(unclaimed)
        })
        .await
    }

    /// Revokes a token and what was issued under it. One that has ended before is no error.
    pub async fn revoke_accessor(&self, accessor: &str) -> Result<(), VaultError> {
        let body = json!({ "accessor": accessor });
        self.call("token_revoke", move |session: Arc<Session>| {
            let call = Call::<IgnoredAny>::post("auth/token/revoke-accessor", &body);
            async move { call.done(&session.token.client).await }
        })
        .await
    }
}
