//! Ends logins: first in PostgreSQL, which does not depend on Vault, then in Vault, which drops them. Until both have succeeded it
//! is tried again.

use super::issuing::BACKOFF;
use super::{Access, append_event, login_subject};
use crate::db::DbError;
use crate::db::access::revocations::{self, Unrevoked};
use crate::secrets::vault::VaultError;
use crate::types::client_info::ClientInfo;
use serde_json::json;

/// Logins of one round.
const BATCH_SIZE: i64 = 50;

/// Why a login is not revoked yet.
#[derive(Debug, thiserror::Error)]
enum RevokeError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("{0} sessions have not ended yet")]
    Sessions(i32),
}

impl Access {
    /// Revokes all logins that have ended, as far as an attempt is due.
    pub(super) async fn revoke_ended(&self) -> Result<(), DbError> {
        let list = |conn: &mut _| revocations::list_unrevoked(conn, BATCH_SIZE);
        let ended = self.0.db.run("list_unrevoked_logins", list).await?;
        // All of them before the first call of Vault, which can take long.
        for login in &ended {
            self.block(login).await;
        }
        let mut sessions = Vec::new();
        for login in &ended {
            sessions.push(self.end_sessions(login).await);
        }
        for (login, sessions) in ended.into_iter().zip(sessions) {
            if !self.revoke_login(login, sessions).await? {
                // An unavailable Vault would delay the next round by a time-out for each login.
                break;
            }
        }
        Ok(())
    }

    /// Permits no new session of a login. In a transaction of its own: a client that reconnects all the time gets a session until it
    /// has committed. The database's errors are logged where they occur, and the call of Vault follows anyway.
    async fn block(&self, login: &Unrevoked) {
        if let Some(name) = login.name.clone() {
            let block = move |conn: &mut _| revocations::block(conn, &name);
            let _ = self.0.db.tx("block_access_login", block).await;
        }
    }

    /// Ends the sessions of a blocked login; returns how many are left.
    async fn end_sessions(&self, login: &Unrevoked) -> i32 {
        let Some(name) = login.name.clone() else {
            return 0;
        };
        let end = move |conn: &mut _| revocations::end_sessions(conn, &name);
        self.0.db.tx("end_access_sessions", end).await.unwrap_or(0)
    }

    /// `false`: Vault is unavailable.
    pub(super) async fn revoke_login(&self, login: Unrevoked, sessions: i32) -> Result<bool, DbError> {
        let revoked = match sessions {
            0 => self.revoke_in_vault(&login).await.map_err(RevokeError::from),
            // What the login leaves behind when it is dropped can no longer be ended.
            _ => Err(RevokeError::Sessions(sessions)),
        };
        if let Err(error) = revoked {
            self.0.metrics.access_login("revoke_failed");
            let failures = login.failures.saturating_add(1);
            tracing::error!(
                target: "security",
                event = "access.revoke_failed",
                request = login.request_id,
                failures,
                sessions,
                %error,
                "cannot revoke a login of a person; it is tried again, and the lease ends by itself"
            );
            let delay = BACKOFF.delay_after(failures.unsigned_abs());
            let record =
                move |conn: &mut _| revocations::set_revoke_failures(conn, login.id, failures, delay);
            self.0.db.tx("record_access_revocation", record).await?;
            return Ok(!matches!(error, RevokeError::Vault(VaultError::Unavailable(_))));
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
        Ok(true)
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
