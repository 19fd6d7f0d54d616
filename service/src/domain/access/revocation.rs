//! Ends logins: first in PostgreSQL, which does not depend on Vault, then in Vault, which drops them. Until both have succeeded it
//! is tried again.

use super::issuing::BACKOFF;
use super::{Access, append_event, login_subject};
use crate::db::DbError;
use crate::db::access::revocations::{self, DropOutcome, Unblocked, Unrevoked};
use crate::secrets::vault::VaultError;
use crate::types::access::AccessRequestId;
use crate::types::client_info::ClientInfo;
use serde_json::json;
use uuid::Uuid;

/// Logins that are blocked together.
const BATCH_SIZE: i64 = 50;

/// Why a login is not revoked yet.
#[derive(Debug, thiserror::Error)]
enum RevokeError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("its sessions have not ended yet")]
    Sessions,
}

impl Access {
    /// Blocks logins that have ended and ends their sessions, without Vault: those of a request, or all, as far as an attempt is due.
    pub(super) async fn end_in_postgres(&self, request: Option<AccessRequestId>) -> Result<(), DbError> {
        let list = move |conn: &mut _| revocations::list_unblocked(conn, request, BATCH_SIZE);
        let mut blocked = Vec::new();
        for login in self.0.db.run("list_unblocked_logins", list).await? {
            match self.block(&login).await {
                Ok(()) => blocked.push(login),
                // The others do not wait for it.
                Err(error) => self.record_block_failure(&login, &error.into()).await?,
            }
        }
        if blocked.is_empty() {
            return Ok(());
        }
        // In a transaction of its own: a client that reconnects all the time gets a session until the others have committed.
        let names: Vec<String> = blocked.iter().filter_map(|login| login.name.clone()).collect();
        let end = move |conn: &mut _| revocations::end_sessions(conn, &names);
        let left = self.0.db.tx("end_access_sessions", end).await;
        let mut ended: Vec<Uuid> = Vec::new();
        for login in blocked {
            match &left {
                // What a login leaves behind when it is dropped can no longer be ended.
                Ok(left) if login.name.as_ref().is_some_and(|name| left.contains(name)) => {
                    self.record_block_failure(&login, &RevokeError::Sessions).await?;
                }
                Ok(_) => ended.push(login.id),
                Err(error) => self.record_block_failure(&login, &error.clone().into()).await?,
            }
        }
        let set = move |conn: &mut _| revocations::set_blocked(conn, &ended);
        self.0.db.tx("set_access_logins_blocked", set).await?;
        self.wake();
        Ok(())
    }

    async fn block(&self, login: &Unblocked) -> Result<(), DbError> {
        let (id, name) = (login.id, login.name.clone().unwrap_or_default());
        let block = move |conn: &mut _| revocations::block(conn, id, &name);
        self.0.db.tx("block_access_login", block).await
    }

    /// Revokes logins that are blocked, one after the other, as far as an attempt is due.
    pub async fn revoke_ended(&self) -> Result<(), DbError> {
        let claim = |conn: &mut _| revocations::claim_unrevoked(conn);
        while let Some(login) = self.0.db.tx("claim_unrevoked_login", claim).await? {
            if !self.revoke_login(login).await? {
                // An unavailable Vault would delay the next round by a time-out for each login.
                break;
            }
        }
        Ok(())
    }

    /// `false`: Vault is unavailable.
    pub(super) async fn revoke_login(&self, login: Unrevoked) -> Result<bool, DbError> {
        let outcome = match self.drop_login(&login).await {
            Ok(outcome) => outcome,
            Err(error) => {
                self.record_revoke_failure(login.id, login.request_id, login.failures, &error)
                    .await?;
                return Ok(!matches!(error, RevokeError::Vault(VaultError::Unavailable(_))));
            }
        };
        let (action, by) = match outcome {
            DropOutcome::Absent => ("access_login.dropped", "vault"),
            DropOutcome::Dropped => ("access_login.dropped", "service"),
            DropOutcome::Closed => ("access_login.closed", "service"),
        };
        if outcome != DropOutcome::Absent {
            tracing::warn!(
                target: "security",
                event = "access.login_left",
                request = login.request_id,
                login = %login.id,
                dropped = outcome == DropOutcome::Dropped,
                "Vault has revoked the lease of a login and not dropped the login: does Vault know its leases? A login that the service cannot \
                 drop either, for example because something in another database depends on it, has no password and cannot connect"
            );
        }
        let recorded = self.0.db.tx("set_access_login_revoked", move |conn| {
            if revocations::set_revoked(conn, login.id)? && login.lease_id.is_some() {
                let (client, detail) = (
                    ClientInfo::service(),
                    json!({ "request": login.request_id, "by": by }),
                );
                append_event(conn, None, &client, action, login_subject(login.id), detail)?;
            }
            Ok(())
        });
        recorded.await?;
        self.0.metrics.access_login("revoked");
        Ok(true)
    }

    /// First the lease, whose revocation is answered when the login is dropped; then the token, which ends what is not known. Vault
    /// gives the same answer for a lease that it does not know, for example after its storage was restored: the service drops what
    /// it left.
    async fn drop_login(&self, login: &Unrevoked) -> Result<DropOutcome, RevokeError> {
        if let Some(lease) = &login.lease_id {
            self.0.vault.revoke_id(lease).await?;
        }
        if let Some(accessor) = &login.accessor {
            self.0.vault.revoke_accessor(accessor).await?;
        }
        let Some(name) = login.name.clone() else {
            return Ok(DropOutcome::Absent);
        };
        let drop = move |conn: &mut _| revocations::drop_blocked(conn, &name);
        Ok(self.0.db.tx("drop_blocked_login", drop).await?)
    }

    async fn record_block_failure(&self, login: &Unblocked, error: &RevokeError) -> Result<(), DbError> {
        self.record_revoke_failure(login.id, login.request_id, login.failures, error)
            .await
    }

    /// Counts a failure after `failures` former ones, and delays the next attempt.
    async fn record_revoke_failure(
        &self,
        id: Uuid,
        request: i64,
        failures: i32,
        error: &RevokeError,
    ) -> Result<(), DbError> {
        self.0.metrics.access_login("revoke_failed");
        let failures = failures.saturating_add(1);
        tracing::error!(
            target: "security",
            event = "access.revoke_failed",
            request,
            failures,
            %error,
            "cannot revoke a login of a person; it is tried again, and the lease ends by itself"
        );
        let delay = BACKOFF.delay_after(failures.unsigned_abs());
        let record = move |conn: &mut _| revocations::set_revoke_failures(conn, id, failures, delay);
        self.0.db.tx("record_access_revocation", record).await
    }
}
