//! A service whose listeners are bound, ready to run.

use super::audit_anchors::AuditAnchors;
use super::error::StartError;
use super::keys::Keys;
use super::listener::Listener;
use super::login_rotation::LoginRotations;
use super::logins::Logins;
use super::secret_reload::SecretReload;
use super::vault::VaultClients;
use crate::config::Settings;
#[cfg(feature = "access")]
use crate::domain::access::Access;
use crate::domain::accounts::Accounts;
use crate::domain::audit::Audit;
use crate::domain::clients::Clients;
use crate::domain::data_version::VersionLease;
use crate::domain::form_answers::FormAnswers;
use crate::domain::rates::Rates;
use crate::domain::sessions::Sessions;
use crate::domain::uploads::Signal;
use crate::http::edge::rate_limit::RateLimit;
use crate::http::edge::security_events::SecurityEvents;
use crate::http::openapi::operation_policy::Operations;
use crate::http::router::Apis;
use crate::mail::worker::WorkerContext;
use crate::telemetry::metrics::Metrics;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A service whose listeners are bound, ready to run.
pub struct Service {
    pub(super) public: Listener,
    pub(super) internal: Listener,
    pub(super) rate_limit: Arc<RateLimit>,
    pub(super) security_events: Arc<SecurityEvents>,
    #[cfg(feature = "access")]
    pub(super) access: Option<Access>,
    pub(super) rates: Rates,
    pub(super) version_lease: VersionLease,
    pub(super) sessions: Sessions,
    pub(super) clients: Clients,
    pub(super) accounts: Accounts,
    pub(super) form_answers: FormAnswers,
    pub(super) metrics: Metrics,
    pub(super) stopping: Arc<AtomicBool>,
    pub(super) delay: Duration,
    pub(super) grace: Duration,
    pub(super) logins: Logins,
    pub(super) uploads_signal: Signal,
    pub(super) mail_worker: WorkerContext,
    pub(super) audit: Audit,
    pub(super) audit_anchors: AuditAnchors,
    pub(super) secret_reloads: Vec<SecretReload>,
    pub(super) login_rotations: LoginRotations,
    pub(super) vault: VaultClients,
}

impl Service {
    /// Binds both listeners. Starts without a database; readiness reports its absence. Waits for Vault, if it is used. `None`
    /// if `stop` resolves before.
    pub async fn bind(
        settings: &Settings,
        metrics: Metrics,
        stop: impl Future<Output = ()>,
    ) -> Result<Option<Self>, StartError> {
        Self::bind_with(settings, metrics, |apis| apis, stop).await
    }

    /// The same with additional APIs, for tests of the edge.
    pub async fn bind_with<T: Operations + 'static>(
        settings: &Settings,
        metrics: Metrics,
        extend: impl FnOnce(Apis) -> T,
        stop: impl Future<Output = ()>,
    ) -> Result<Option<Self>, StartError> {
        let vault = VaultClients::new(settings, &metrics)?;
        tokio::pin!(stop);
        let bound = Self::bind_connected(settings, metrics, extend, &vault, stop).await;
        if !matches!(bound, Ok(Some(_))) {
            vault.close().await;
        }
        bound
    }

    /// The same with clients of Vault, which the caller closes unless there is a service.
    async fn bind_connected<T: Operations + 'static>(
        settings: &Settings,
        metrics: Metrics,
        extend: impl FnOnce(Apis) -> T,
        vault: &VaultClients,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Option<Self>, StartError> {
        let keys = async {
            vault.log_in().await?;
            Keys::load(&settings.auth, vault.own.as_ref(), &metrics).await
        };
        let keys = tokio::select! {
            keys = keys => keys?,
            () = &mut stop => return Ok(None),
        };
        let service = Self::assemble(settings, metrics, extend, keys, vault).await?;
        // The last step that can fail: a wrapped SecretID can be used once.
        #[cfg(feature = "access")]
        {
            let is_stopped = tokio::select! {
                result = vault.log_in_broker() => result.map(|()| false),
                () = stop => Ok(true),
            };
            // The pools are connecting: the process would crash if it ended amid that.
            if !matches!(is_stopped, Ok(false)) {
                service.logins.close().await;
                return is_stopped.map(|_| None);
            }
        }
        Ok(Some(service))
    }

    /// The public listener's address, with the actual port if 0 was configured.
    pub fn address(&self) -> SocketAddr {
        self.public.address()
    }

    /// The internal listener's address.
    pub fn internal_address(&self) -> SocketAddr {
        self.internal.address()
    }
}
