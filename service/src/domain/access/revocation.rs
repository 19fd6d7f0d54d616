//! Ends logins in Vault: PostgreSQL then ends their sessions and drops them. Until Vault confirms it, it is tried again.

use super::issuing::BACKOFF;
use super::{Access, append_event, login_subject};
use crate::db::DbError;
use crate::db::access::revocations::{self, Unrevoked};
use crate::secrets::vault::VaultError;
use crate::types::client_info::ClientInfo;
use serde_json::json;

/// Logins of one round.
const BATCH_SIZE: i64 = 50;

impl Access {
    /// Revokes all logins that have ended, as far as an attempt is due.
    pub(super) async fn revoke_ended(&self) -> Result<(), DbError> {
        let list = |conn: &mut _| revocations::list_unrevoked(conn, BATCH_SIZE);
        for login in self.0.db.run("list_unrevoked_logins", list).await? {
            self.revoke_login(login).await?;
        }
        Ok(())
    }

    async fn revoke_login(&self, login: Unrevoked) -> Result<(), DbError> {
        if let Err(error) = self.revoke_in_vault(&login).await {
            self.0.metrics.access_login("revoke_failed");
            let failures = login.failures.saturating_add(1);
            tracing::error!(
                target: "security",
                event = "access.revoke_failed",
                request = login.request_id,
                failures,
                %error,
                "cannot revoke a login of a person; it is tried again, and the lease ends by itself"
            );
            let delay = BACKOFF.delay_after(failures.unsigned_abs());
            let record =
                move |conn: &mut _| revocations::set_revoke_failures(conn, login.id, failures, delay);
            return self.0.db.tx("record_access_revocation", record).await;
        }
        let recorded = self.0.db.tx("set_access_login_revoked", move |conn| {
            if revocations::set_revoked(conn, login.id)? && login.lease_id.is_some() {
                let (client, detail) = (ClientInfo::service(), json!({ "request": login.request_id }));
                append_event(
                    conn,
                    None,
                    &client,
                    "access_login.dropped",
                    login_subject(login.id),
                    detail,
                )?;
            }
            Ok(())
        });
        recorded.await?;
        self.0.metrics.access_login("revoked");
        Ok(())
    }

    /// First the lease, whose revocation is answered when the login is dropped; then the token, which ends what is not known.
    async fn revoke_in_vault(&self, login: &Unrevoked) -> Result<(), VaultError> {
        if let Some(lease) = &login.lease_id {
            self.0.vault.revoke_id(lease).await?;
        }
        match &login.accessor {
            Some(accessor) => self.0.vault.revoke_accessor(accessor).await,
            None => Ok(()),
        }
    }
}
