//! Database logins that Vault issues, and their leases.

use super::call::Call;
use super::client::Vault;
use super::error::VaultError;
use super::http_client::ApiClient;
use super::lease::{Lease, LeaseState, ttl};
use super::session::Session;
use crate::secrets::backoff::Backoff;
use crate::secrets::credentials::{Credentials, IssuedCredentials};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Delays between attempts to revoke a login that no one received.
const REVOKE_BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));

/// A static login.
#[derive(Deserialize)]
struct StaticLogin {
    #[serde(flatten)]
    credentials: IssuedCredentials,
    /// Seconds until the password changes.
    ttl: i64,
}

#[derive(Deserialize)]
struct LeaseLookup {
    /// Negative when the lease is overdue and its revocation has failed.
    ttl: i64,
}

/// An issued login on its way to the caller. When the caller is gone it is revoked.
pub(super) struct Unclaimed {
    vault: Vault,
    login: Option<(Credentials, Lease)>,
}

impl Unclaimed {
    pub(super) fn new(vault: Vault, credentials: Credentials, lease: Lease) -> Self {
        Self {
            vault,
            login: Some((credentials, lease)),
        }
    }

    #[cfg(feature = "access")]
    pub(super) fn lease(&mut self) -> Option<&mut Lease> {
        self.login.as_mut().map(|(_, lease)| lease)
    }

    fn claim(mut self) -> Result<(Credentials, Lease), VaultError> {
        self.login.take().ok_or(VaultError::Malformed)
    }
}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        if let (Some((_, lease)), Ok(runtime)) = (self.login.take(), Handle::try_current()) {
            let vault = self.vault.clone();
            runtime.spawn(async move { vault.revoke_abandoned(&lease).await });
        }
    }
}

impl Vault {
    /// Issues a login of this role, named without the prefix.
    pub async fn issue_login(&self, role: &str) -> Result<(Credentials, Lease), VaultError> {
        let (vault, role) = (self.clone(), role.to_owned());
        claimed(async move {
            let (credentials, lease) = vault.issue(role).await?;
            Ok(Unclaimed::new(vault, credentials, lease))
        })
        .await
    }

    /// The login of a static role, named without the prefix and `static-`, and the time until its password changes.
    pub async fn static_login(&self, role: &str) -> Result<(Credentials, Duration), VaultError> {
        let path = self.database_path("static-creds", &format!("static-{role}"));
        let login: StaticLogin = self
            .call("static_login", move |session: Arc<Session>| {
                let call = Call::get(path.clone());
                async move { call.data(&session.token.client).await }
            })
            .await?;
        let credentials = login
            .credentials
            .into_credentials()
            .ok_or(VaultError::Malformed)?;
        Ok((credentials, ttl(login.ttl.try_into().unwrap_or(0))))
    }

    /// Renews a lease for the duration that it was granted. [`Lease::is_cut`] then shows whether the maximum TTL is near.
    ///
    /// # Errors
    ///
    /// [`VaultError::Gone`] if it has ended. Other errors leave it as it is.
    pub async fn renew(&self, lease: &mut Lease) -> Result<(), VaultError> {
        self.extend(lease, lease.granted()).await
    }

    /// Renews a lease so that it ends after this time, or at its maximum TTL if that is sooner.
    ///
    /// # Errors
    ///
    /// As [`Vault::renew`].
    pub async fn extend(&self, lease: &mut Lease, increment: Duration) -> Result<(), VaultError> {
        let body = json!({ "lease_id": lease.id(), "increment": increment.as_secs() });
        let renewal = self
            .call("lease_renew", move |session: Arc<Session>| {
                let call = Call::<IgnoredAny>::post("sys/leases/renew", &body);
                async move {
                    let sent = Instant::now();
                    let answer = call.envelope(&session.token.client).await?;
                    Ok((answer.lease_duration, answer.renewable, sent))
                }
            })
            .await;
        match renewal {
            Ok((seconds, renewable, sent)) => {
                lease.renewed(seconds, renewable, sent);
                Ok(())
            }
            // The same status for a lease that has ended and for a database that refuses: the texts depend on the server.
            Err(VaultError::Rejected { status, reason }) => match self.lease_state(lease).await? {
                LeaseState::Gone => Err(VaultError::Gone),
                LeaseState::Active(_) if lease.is_renewable() => {
                    Err(VaultError::Unavailable(format!("status {status}: {reason}")))
                }
                LeaseState::Active(_) => Err(VaultError::Rejected { status, reason }),
            },
            Err(error) => Err(error),
        }
    }

    /// Whether a lease exists.
    pub async fn lease_state(&self, lease: &Lease) -> Result<LeaseState, VaultError> {
        self.find_lease(lease.id()).await
    }

    /// The same by the id of the lease.
    pub async fn find_lease(&self, id: &str) -> Result<LeaseState, VaultError> {
        let body = json!({ "lease_id": id });
        let result: Result<LeaseLookup, _> = self
            .call("lease_lookup", move |session: Arc<Session>| {
                let call = Call::post("sys/leases/lookup", &body);
                async move { call.data(&session.token.client).await }
            })
            .await;
        match result {
            Ok(LeaseLookup { ttl: left }) if left > 0 => Ok(LeaseState::Active(ttl(left.unsigned_abs()))),
            Ok(_) | Err(VaultError::Rejected { status: 400, .. } | VaultError::NotFound) => {
                Ok(LeaseState::Gone)
            }
            Err(error) => Err(error),
        }
    }

    /// Revokes a lease: its login has ended when this succeeds. One that has ended before is no error.
    ///
    /// # Errors
    ///
    /// After any error the lease may live on: try again.
    pub async fn revoke(&self, lease: &Lease) -> Result<(), VaultError> {
        self.revoke_id(lease.id()).await
    }

    /// The same by the id of the lease.
    ///
    /// # Errors
    ///
    /// As [`Vault::revoke`].
    pub async fn revoke_id(&self, id: &str) -> Result<(), VaultError> {
        let body = json!({ "lease_id": id, "sync": true });
        let result = self
            .call("lease_revoke", move |session: Arc<Session>| {
                let call = Call::<IgnoredAny>::post("sys/leases/revoke", &body);
                async move { call.done(&session.token.client).await }
            })
            .await;
        match result {
            Err(VaultError::Rejected { status, reason }) => {
                Err(VaultError::Unavailable(format!("status {status}: {reason}")))
            }
            other => other,
        }
    }

    async fn issue(&self, role: String) -> Result<(Credentials, Lease), VaultError> {
        let path = self.database_path("creds", &role);
        self.call_here("issue_login", move |session| {
            let call = Call::get(path.clone());
            async move {
                let client = &session.token.client;
                issued(call, client, Some(Arc::clone(&session))).await
            }
        })
        .await
    }

    /// Revokes a login that its caller did not wait for, until that succeeds or the lease has ended by itself.
    async fn revoke_abandoned(&self, lease: &Lease) {
        let mut backoff = REVOKE_BACKOFF;
        while let Err(error) = self.revoke(lease).await {
            if lease.remaining().is_zero() || matches!(error, VaultError::Closed) {
                return;
            }
            tokio::time::sleep(backoff.next_delay()).await;
        }
    }

    pub(super) fn database_path(&self, kind: &str, role: &str) -> String {
        let settings = &self.0.settings;
        format!(
            "{}/{kind}/{}{role}",
            settings.database_mount, settings.database_role_prefix
        )
    }
}

/// Issues in a task of its own: a request that is aborted can leave a login without a lease.
pub(super) async fn claimed(
    work: impl Future<Output = Result<Unclaimed, VaultError>> + Send + 'static,
) -> Result<(Credentials, Lease), VaultError> {
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        let _ = sender.send(work.await);
    });
    receiver.await.map_err(|_| VaultError::Malformed)??.claim()
}

/// Issues a login; returns it with its lease, which the library drops. `session`: whose token the client sends, unless the
/// lease has a token of its own.
pub(super) async fn issued(
    call: Call<IssuedCredentials>,
    client: &ApiClient,
    session: Option<Arc<Session>>,
) -> Result<(Credentials, Lease), VaultError> {
    let sent = Instant::now();
    let answer = call.envelope(client).await?;
    let credentials = answer.data.and_then(IssuedCredentials::into_credentials);
    // Without a lease nothing ends the login.
    let has_lease = !answer.lease_id.is_empty() && answer.lease_duration > 0;
    let credentials = credentials.filter(|_| has_lease).ok_or(VaultError::Malformed)?;
    let lease = Lease::new(
        answer.lease_id,
        answer.lease_duration,
        answer.renewable,
        sent,
        session,
    );
    Ok((credentials, lease))
}
