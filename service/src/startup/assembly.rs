//! Builds the parts of a service from the settings, and binds the listeners.

#[cfg(feature = "access")]
use super::access_broker;
use super::apis::{Services, apis, web};
use super::audit_anchors::AuditAnchors;
use super::error::StartError;
use super::keys::Keys;
use super::listener::{ClientTimeouts, Limits, Listener};
use super::login_rotation::RotationContext;
use super::logins::Logins;
use super::mail_worker;
use super::service::Service;
use super::vault::VaultClients;
use crate::config::Settings;
use crate::domain::accounts::passwords::PasswordPolicy;
use crate::domain::health::Health;
use crate::domain::uploads::Signal;
use crate::http::edge::body::BodyPolicy;
use crate::http::edge::rate_limit::RateLimit;
use crate::http::edge::security_events::SecurityEvents;
use crate::http::health::Probes;
use crate::http::internal;
use crate::http::openapi::operation_policy::Operations;
use crate::http::router::{Apis, EdgeSettings, routes};
use crate::secrets::login_status::LoginStatus;
use crate::secrets::logins::Issuer;
use crate::telemetry::metrics::Metrics;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

impl Service {
    /// Builds the parts and binds the listeners. After an error nothing is left that must be closed.
    pub(super) async fn assemble<T: Operations + 'static>(
        settings: &Settings,
        metrics: Metrics,
        extend: impl FnOnce(Apis) -> T,
        keys: Keys,
        vault: &VaultClients,
    ) -> Result<Self, StartError> {
        let (server, limits) = (&settings.server, settings.limits);
        let mail_worker = mail_worker::context(settings, &keys, &metrics)?;
        let audit_anchors = AuditAnchors::new(&settings.audit, &keys, metrics.clone())?;
        let passwords = PasswordPolicy::new(&settings.auth.passwords)
            .map_err(|error| StartError::Setting("BREACHED_PASSWORDS", error.to_string()))?;
        let login_status = LoginStatus::default();
        let issued = Issuer::new(&settings.database.login_source, vault.own.as_ref())?;
        let issued = issued.map(|issuer| RotationContext {
            issuer,
            metrics: metrics.clone(),
            status: login_status.clone(),
        });
        let (logins, replacements) = Logins::start(settings, issued.as_ref(), &metrics)?;
        let stopping = Arc::new(AtomicBool::new(false));
        #[cfg(feature = "access")]
        let access = access_broker::access(settings, vault, &logins, &keys, &metrics);
        let uploads_signal = Signal::default();
        let services = Services::new(
            settings,
            &logins,
            &keys,
            passwords,
            &uploads_signal,
            #[cfg(feature = "access")]
            access.clone(),
        )?;
        let web = web(settings, &keys, &services);
        let probes = Probes::new(
            Health::new(
                logins.rates.clone(),
                logins.accounts.clone(),
                login_status.clone(),
            ),
            Arc::clone(&stopping),
            metrics.clone(),
        );
        let apis = apis(
            settings,
            &logins,
            &services,
            web.clone(),
            probes.clone(),
            metrics.clone(),
        );
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
            principals: services.principals.clone(),
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
            let internal = internal::routes(metrics.clone(), probes);
            let internal = Listener::bind(
                "INTERNAL_LISTEN",
                server.internal_listen,
                internal,
                internal_limits,
                None,
            )?;
            Ok((public, internal))
        };
        match bind() {
            Ok((public, internal)) => Ok(Self {
                public,
                internal,
                rate_limit,
                security_events,
                #[cfg(feature = "access")]
                access,
                rates: services.rates,
                version_lease: services.version_lease,
                sessions: services.sessions,
                clients: services.clients,
                accounts: services.accounts,
                form_answers: services.form_answers,
                metrics,
                stopping,
                delay: server.shutdown_delay,
                grace: server.shutdown_grace,
                logins,
                uploads_signal,
                mail_worker,
                audit: services.audit,
                audit_anchors,
                secret_reloads: replacements.reloads.into_iter().chain(keys.reloads).collect(),
                login_rotations: replacements.rotations,
                vault: vault.clone(),
            }),
            Err(error) => {
                logins.close().await;
                Err(error)
            }
        }
    }
}
