//! Wiring: builds logins, services, APIs and two listeners from the settings, runs them, and stops gracefully.

/// The broker of people's database logins.
#[cfg(feature = "access")]
mod access_broker;

/// Errors of starting the service.
pub mod error;

/// The cryptographic keys.
pub mod keys;

/// Reloading of keys and credentials.
pub mod secret_reload;

/// Accepting and serving connections.
pub mod listener;

/// The database logins and their connections.
pub mod logins;

/// Issued credentials of the database logins.
pub mod login_rotation;

/// The issued login of a command.
pub mod command_login;

/// The connection to Vault.
pub mod vault;

/// The mail worker's dependencies.
pub mod mail_worker;

/// The limit on connections.
pub mod connection_limit;

/// Services and APIs.
pub mod apis;

/// Anchors of the audit log.
mod audit_anchors;

/// Problem documents for errors of the HTTP library.
pub mod protocol_errors;

/// Limits HTTP/2 frames without a request.
mod frame_limit;

/// The PROXY protocol.
mod proxy_protocol;

/// Periodic cleanup.
mod cleanup;

/// The state of one connection.
pub mod connection;

/// The socket of one connection.
pub mod client_stream;

/// The active requests of one connection.
pub mod request_activity;

/// The progress of responses.
pub mod response_body;

/// The streams of HTTP/2 connections.
pub mod stream_executor;

use crate::config::Settings;
use crate::domain::accounts::Accounts;
use crate::domain::accounts::passwords::PasswordPolicy;
use crate::domain::audit::Audit;
use crate::domain::form_answers::FormAnswers;
use crate::domain::health::Health;
use crate::domain::sessions::Sessions;
use crate::http::edge::body::BodyPolicy;
use crate::http::edge::rate_limit::RateLimit;
use crate::http::edge::security_events::SecurityEvents;
use crate::http::health::Probes;
use crate::http::internal;
use crate::http::router::{Apis, EdgeSettings, routes};
use crate::mail::worker::{MailWorker, WorkerContext};
use crate::secrets::login_status::LoginStatus;
use crate::secrets::logins::Issuer;
use crate::secrets::vault::Vault;
use crate::telemetry::metrics::Metrics;
#[cfg(feature = "access")]
use access_broker::AccessBroker;
use apis::{Services, apis, web};
use audit_anchors::AuditAnchors;
use connection::ClientTimeouts;
use error::StartError;
use keys::Keys;
use listener::{Limits, Listener};
use login_rotation::{LoginRotations, RotationContext};
use logins::Logins;
use poem_openapi::OpenApi;
use secret_reload::SecretReload;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// How long requests to the internal listener may run on after everything else has stopped.
const INTERNAL_GRACE: Duration = Duration::from_secs(1);

/// A service whose listeners are bound, ready to run.
pub struct Service {
    public: Listener,
    internal: Listener,
    rate_limit: Arc<RateLimit>,
    security_events: Arc<SecurityEvents>,
    #[cfg(feature = "access")]
    access_broker: Option<AccessBroker>,
    sessions: Sessions,
    accounts: Accounts,
    form_answers: FormAnswers,
    stopping: Arc<AtomicBool>,
    delay: Duration,
    grace: Duration,
    logins: Logins,
    mail_worker: WorkerContext,
    audit: Audit,
    audit_anchors: AuditAnchors,
    secret_reloads: Vec<SecretReload>,
    login_rotations: LoginRotations,
    vault: Option<Vault>,
}

impl Service {
    /// Binds both listeners. Starts without a database; readiness reports its absence. Waits for Vault, if it is used.
    pub async fn bind(settings: &Settings, metrics: Metrics) -> Result<Self, StartError> {
        Self::bind_with(settings, metrics, |apis| apis).await
    }

    /// The same with additional APIs, for tests of the edge.
    pub async fn bind_with<T: OpenApi + 'static>(
        settings: &Settings,
        metrics: Metrics,
        extend: impl FnOnce(Apis) -> T,
    ) -> Result<Self, StartError> {
        let vault = vault::connect(settings, &metrics).await?;
        let bound = Self::bind_connected(settings, metrics, extend, vault.clone()).await;
        if bound.is_err() {
            vault::close(vault).await;
        }
        bound
    }

    /// The same with a connection to Vault, which the caller closes after an error.
    async fn bind_connected<T: OpenApi + 'static>(
        settings: &Settings,
        metrics: Metrics,
        extend: impl FnOnce(Apis) -> T,
        vault: Option<Vault>,
    ) -> Result<Self, StartError> {
        let (server, limits) = (&settings.server, settings.limits);
        let keys = Keys::load(&settings.auth, vault.as_ref()).await?;
        let mail_worker = mail_worker::context(settings, &keys, &metrics)?;
        let audit_anchors = AuditAnchors::new(&settings.audit, &keys)?;
        let passwords = PasswordPolicy::new(&settings.auth.passwords)
            .map_err(|error| StartError::Setting("BREACHED_PASSWORDS", error.to_string()))?;
        let login_status = LoginStatus::default();
        let issued = Issuer::new(&settings.database.login_source, vault.as_ref())?;
        let issued = issued.map(|issuer| RotationContext {
            issuer,
            metrics: metrics.clone(),
            status: login_status.clone(),
        });
        let (logins, replacements) = Logins::start(settings, issued.as_ref(), &metrics)?;
        let stopping = Arc::new(AtomicBool::new(false));
        #[cfg(feature = "access")]
        let access_broker = AccessBroker::new(settings, &logins, &keys, &metrics)?;
        let services = Services::new(
            settings,
            &logins,
            &keys,
            passwords,
            #[cfg(feature = "access")]
            access_broker.as_ref().map(AccessBroker::access),
        )?;
        let web = web(settings, &keys, &services);
        let probes = Probes::new(
            Health::new(
                logins.rates.clone(),
                logins.accounts.clone(),
                login_status.clone(),
            ),
            Arc::clone(&stopping),
        );
        let apis = apis(settings, &logins, &services, web.clone(), probes.clone());
        let rate_limit = Arc::new(RateLimit::new(limits.rate));
        let security_events = Arc::new(SecurityEvents::default());
        let edge = EdgeSettings {
            hosts: server.hosts.clone(),
            cors_origins: server.cors_origins.clone(),
            proxies: server.proxies.clone(),
            rate_limit: Arc::clone(&rate_limit),
            body: BodyPolicy {
                limit: limits.body,
                time: server.client_timeout,
            },
            metrics: metrics.clone(),
            security_events: Arc::clone(&security_events),
            sessions: services.sessions.clone(),
            web,
            mailbox: mail_worker::mailbox(settings),
        };
        let timeouts = ClientTimeouts {
            client: server.client_timeout,
            keep_alive: server.keep_alive_timeout,
        };
        let public_limits = Limits {
            connections: server.max_connections,
            timeouts,
            proxy_protocol: server.proxies.proxy_protocol(),
            quotas: Some((Arc::clone(&rate_limit), server.proxies.trusted.clone())),
        };
        let internal_limits = Limits {
            connections: 64,
            timeouts,
            proxy_protocol: None,
            quotas: None,
        };
        let public = routes(extend(apis), edge);
        let bind = || {
            let public = Listener::bind(
                "LISTEN",
                server.listen,
                public,
                public_limits,
                Some(metrics.clone()),
            )?;
            let internal = internal::routes(metrics, probes);
            let internal = Listener::bind(
                "INTERNAL_LISTEN",
                server.internal_listen,
                internal,
                internal_limits,
                None,
            )?;
            Ok((public, internal))
        };
        let bound = bind();
        // The last step that can fail, so that no error leaves its token behind.
        #[cfg(feature = "access")]
        let bound = match (bound, &access_broker) {
            (Ok(bound), Some(broker)) => broker.log_in().await.map(|()| bound),
            (bound, _) => bound,
        };
        match bound {
            Ok((public, internal)) => Ok(Self {
                public,
                internal,
                rate_limit,
                security_events,
                #[cfg(feature = "access")]
                access_broker,
                sessions: services.sessions,
                accounts: services.accounts,
                form_answers: services.form_answers,
                stopping,
                delay: server.shutdown_delay,
                grace: server.shutdown_grace,
                logins,
                mail_worker,
                audit: services.audit,
                audit_anchors,
                secret_reloads: replacements.reloads.into_iter().chain(keys.reloads).collect(),
                login_rotations: replacements.rotations,
                vault,
            }),
            Err(error) => {
                logins.close().await;
                Err(error)
            }
        }
    }

    /// The public listener's address, with the actual port if 0 was configured.
    pub fn address(&self) -> SocketAddr {
        self.public.address()
    }

    /// The internal listener's address.
    pub fn internal_address(&self) -> SocketAddr {
        self.internal.address()
    }

    /// Serves until `stop` resolves. Then readiness fails for the shutdown delay, so that load balancers send no further
    /// requests; then the public listener closes and running requests finish, up to the shutdown grace. The internal
    /// listener closes last.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (stop_public, public_stopped) = watch::channel(false);
        let (stop_internal, internal_stopped) = watch::channel(false);
        let public = tokio::spawn(self.public.run(public_stopped, self.grace));
        let internal = tokio::spawn(self.internal.run(internal_stopped, INTERNAL_GRACE));
        let cleanup = tokio::spawn(cleanup::run(
            self.rate_limit,
            Arc::clone(&self.security_events),
            self.sessions,
            self.accounts,
            self.form_answers,
        ));
        let vault_token = self
            .vault
            .clone()
            .map(|vault| tokio::spawn(async move { vault.keep_token().await }));
        let login_rotations = self.login_rotations.start();
        let worker = MailWorker::start(self.mail_worker, self.logins.mail.clone())
            .inspect_err(|error| tracing::error!(%error, "cannot start the mail worker"));
        let (stop_anchors, anchors_stopped) = oneshot::channel();
        let audit_anchors = tokio::spawn(self.audit_anchors.run(self.audit, anchors_stopped));
        let secret_reloads: Vec<_> = self
            .secret_reloads
            .into_iter()
            .map(|reload| tokio::spawn(reload.run()))
            .collect();
        #[cfg(feature = "access")]
        let broker = self.access_broker;
        #[cfg(feature = "access")]
        let access_worker = broker.clone().map(|broker| tokio::spawn(broker.run()));
        tracing::info!("ready to serve");
        stop.await;
        tracing::info!("stopping");
        self.stopping.store(true, Ordering::Relaxed);
        tokio::time::sleep(self.delay).await;
        let _ = stop_public.send(true);
        let (login_rotations, _) = tokio::join!(login_rotations.stop(), public);
        // After the last request, so that the last anchor covers its events.
        drop(stop_anchors);
        let _ = audit_anchors.await;
        cleanup.abort();
        #[cfg(feature = "access")]
        if let (Some(worker), Some(broker)) = (access_worker, broker) {
            worker.abort();
            broker.close().await;
        }
        self.security_events.report_all_repeats();
        secret_reloads.iter().for_each(tokio::task::JoinHandle::abort);
        let worker = tokio::task::spawn_blocking(move || worker.map(MailWorker::stop));
        let _ = tokio::join!(self.logins.close(), worker);
        // No connection uses the logins any more.
        login_rotations.revoke().await;
        if let Some(task) = vault_token {
            task.abort();
        }
        vault::close(self.vault).await;
        let _ = stop_internal.send(true);
        let _ = internal.await;
        tracing::info!("stopped");
    }
}
