//! Runs a service, and stops it gracefully.

#[cfg(feature = "access")]
use super::access_broker;
use super::cleanup;
use super::listener::Stage;
use super::price_age;
use super::service::Service;
use super::supervision::{Supervisor, TaskError};
use crate::domain::data_version::watcher::VersionWatcher;
use crate::domain::uploads::worker::UploadWorker;
use crate::mail::worker::MailWorker;
use crate::secrets::vault::Vault;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

/// How long the process takes to end at most, after the shutdown delay and the shutdown grace. What would kill it must wait longer.
pub const STOP_LIMIT: Duration = Duration::from_secs(30);

/// The part of [`STOP_LIMIT`] for the last anchor, the database's connections, leases and tokens of Vault. Threads and exporters
/// have the rest.
const END_TIMEOUT: Duration = Duration::from_secs(25);

/// How long the last anchor may take. Without a database it cannot be written.
const ANCHOR_TIMEOUT: Duration = Duration::from_secs(3);

/// How long requests to the internal listener may run on after everything else has stopped.
const INTERNAL_GRACE: Duration = Duration::from_secs(1);

impl Service {
    /// Serves until `stop` resolves. Then readiness fails for the shutdown delay and connections end with their next response, so
    /// that load balancers send no further requests; then the public listener closes and running requests finish, up to the shutdown
    /// grace. The internal listener closes last. [`STOP_LIMIT`] bounds what follows the grace.
    ///
    /// # Errors
    ///
    /// A task panicked, or the SecretID of a Vault client cannot be trusted, which stops the service in the same way.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), TaskError> {
        let supervisor = Supervisor::default();
        let (stop_public, public_stage) = watch::channel(Stage::Serving);
        let (stop_internal, internal_stage) = watch::channel(Stage::Serving);
        let public = supervisor.spawn("public listener", self.public.run(public_stage, self.grace));
        let internal = self.internal.run(internal_stage, INTERNAL_GRACE);
        let internal = supervisor.spawn("internal listener", internal);
        let cleanup = cleanup::run(
            self.rate_limit,
            Arc::clone(&self.security_events),
            self.sessions,
            self.clients,
            self.accounts,
            self.form_answers,
        );
        let cleanup = supervisor.spawn("cleanup", cleanup);
        let price_age = price_age::run(self.rates, self.metrics.clone());
        let price_age = supervisor.spawn("price age", price_age);
        let keep_token = |vault: Vault| {
            supervisor.spawn_until_error("Vault token", async move { vault.keep_token().await })
        };
        let vault_tokens: Vec<_> = self.vault.all().map(keep_token).collect();
        let login_rotations = self.login_rotations.start(&supervisor);
        let worker = MailWorker::start(self.mail_worker, self.logins.mail.clone(), {
            let supervisor = supervisor.clone();
            move || supervisor.report("mail worker")
        });
        let worker = worker.inspect_err(|error| tracing::error!(%error, "cannot start the mail worker"));
        let age = self.version_lease.clone();
        self.metrics.computed().set_version_age(move || age.age());
        let version_watcher = VersionWatcher::start(self.logins.version.clone(), self.version_lease, {
            let supervisor = supervisor.clone();
            move || supervisor.report("version watcher")
        });
        // Without it, no answer is reused.
        let version_watcher =
            version_watcher.inspect_err(|error| tracing::error!(%error, "cannot start the version watcher"));
        let upload_worker = self.logins.ingest.as_ref().map(|(_, connections)| {
            let supervisor = supervisor.clone();
            let panicked = move || supervisor.report("upload worker");
            UploadWorker::start(
                connections.clone(),
                self.uploads_signal,
                self.metrics.clone(),
                panicked,
            )
        });
        let upload_worker = upload_worker.transpose().unwrap_or_else(|error| {
            tracing::error!(%error, "cannot start the upload worker");
            None
        });
        let (stop_anchors, anchors_stopped) = oneshot::channel();
        let audit_anchors = self.audit_anchors.run(self.audit, anchors_stopped);
        let audit_anchors = supervisor.spawn("audit anchors", audit_anchors);
        let secret_reloads: Vec<_> = self
            .secret_reloads
            .into_iter()
            .map(|reload| supervisor.spawn("reload of secrets", reload.run()))
            .collect();
        #[cfg(feature = "access")]
        let access_worker = self
            .access
            .map(|access| supervisor.spawn("access broker", access_broker::run(access)));
        tracing::info!("ready to serve");
        let result = tokio::select! {
            () = stop => Ok(()),
            error = supervisor.failed() => Err(error),
        };
        tracing::info!("stopping");
        self.stopping.store(true, Ordering::Relaxed);
        let _ = stop_public.send(Stage::Draining);
        tokio::time::sleep(self.delay).await;
        // On the heap: the future of the service would be too large for a stack.
        let end = Box::pin(async {
            let _ = stop_public.send(Stage::Closing);
            let (login_rotations, _) = tokio::join!(login_rotations.stop(), public);
            // After the last request, so that the last anchor covers its events.
            drop(stop_anchors);
            let _ = timeout(ANCHOR_TIMEOUT, audit_anchors).await;
            cleanup.abort();
            price_age.abort();
            #[cfg(feature = "access")]
            if let Some(worker) = access_worker {
                worker.abort();
            }
            self.security_events.report_all_repeats();
            secret_reloads.iter().for_each(tokio::task::JoinHandle::abort);
            let worker = tokio::task::spawn_blocking(move || worker.map(MailWorker::stop));
            let upload_worker = tokio::task::spawn_blocking(move || upload_worker.map(UploadWorker::stop));
            let version_watcher =
                tokio::task::spawn_blocking(move || version_watcher.map(VersionWatcher::stop));
            // Before its connections are closed, so that it can hand its job back.
            let _ = tokio::join!(upload_worker, version_watcher);
            let _ = tokio::join!(self.logins.close(), worker);
            // No connection uses the logins any more.
            login_rotations.revoke().await;
            vault_tokens.iter().for_each(tokio::task::JoinHandle::abort);
            self.vault.close().await;
            let _ = stop_internal.send(Stage::Closing);
            let _ = internal.await;
        });
        if timeout(self.grace + END_TIMEOUT, end).await.is_err() {
            tracing::warn!("not everything could be closed in time; logins and tokens end with their leases");
        }
        tracing::info!("stopped");
        result
    }
}
