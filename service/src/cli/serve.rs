//! `portcullis serve`: starts telemetry, runtime and listeners, and serves until a signal.

use super::exit::{EXIT_CONFIG, check_credentials, fail};
use super::hardening::warn_about_secrets;
use crate::config::Settings;
use crate::config::auth::DemoMode;
use crate::config::deployment_profile::DeploymentProfile;
use crate::config::setting_names::PREFIX;
use crate::db::pool;
use crate::startup::Service;
use crate::startup::error::StartError;
use crate::telemetry::error::TelemetryError;
use crate::telemetry::logs::Telemetry;
use crate::tls_client;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How long the threads of the runtime, and those of the pools, may take to end.
const THREADS_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves until SIGTERM or SIGINT.
pub fn run(settings: &Settings) -> ExitCode {
    let database = &settings.database;
    let demo = (settings.auth.demo != DemoMode::Off).then_some(&database.demo);
    let logins = [
        &database.rates,
        &database.accounts,
        &database.wishes,
        &database.mail,
    ];
    let ingest = settings.server.uploads.then_some(&database.ingest);
    for login in logins.into_iter().chain(demo).chain(ingest) {
        if let Err(code) = check_credentials(login) {
            return code;
        }
    }
    if let Some(file) = database.authorities()
        && let Err(error) = tls_client::check_file(file)
    {
        return fail(EXIT_CONFIG, &format!("{PREFIX}DATABASE_CA_FILE: {error}"));
    }
    if settings.profile == DeploymentProfile::Production && settings.mail.is_local_folder() {
        return fail(
            EXIT_CONFIG,
            &format!("{PREFIX}MAIL_TRANSPORT: must be smtp in production"),
        );
    }
    if settings.auth.public_url.is_empty() {
        return fail(
            EXIT_CONFIG,
            &format!("{PREFIX}PUBLIC_URL: is not set; production has no default"),
        );
    }
    let telemetry = match Telemetry::start(&settings.telemetry) {
        Ok(telemetry) => telemetry,
        Err(error @ TelemetryError::Authorities(_)) => return fail(EXIT_CONFIG, &error),
        Err(error) => return fail(1, &error),
    };
    warn_about_secrets(settings);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &error),
    };
    let served = runtime.block_on(async {
        let stop = stop_signal();
        tokio::pin!(stop);
        // A service that waits for Vault can be stopped, too.
        let bound = Box::pin(Service::bind(settings, telemetry.metrics.clone(), &mut stop));
        let Some(service) = bound.await? else {
            return Ok(Ok(()));
        };
        tracing::info!(public = %service.address(), internal = %service.internal_address(), "listening");
        warn_if_exposed(settings, service.address());
        Ok::<_, StartError>(service.run(stop).await)
    });
    // Joins threads that are idle, so that none frees its state of OpenSSL while the process exits. Running statements are not
    // awaited: the database cancels them at their timeout.
    runtime.shutdown_timeout(THREADS_TIMEOUT);
    pool::await_threads(THREADS_TIMEOUT);
    telemetry.stop();
    match served {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) if error.is_configuration() => fail(EXIT_CONFIG, &error),
        Ok(Err(error)) => fail(1, &error),
        Err(error) if error.is_configuration() => fail(EXIT_CONFIG, &error),
        Err(error) => fail(1, &error),
    }
}

/// Names what is missing where clients reach the service over a network without TLS.
fn warn_if_exposed(settings: &Settings, listen: SocketAddr) {
    let is_production = settings.profile == DeploymentProfile::Production;
    if is_production
        && !listen.ip().to_canonical().is_loopback()
        && settings.server.proxies.trusted.is_empty()
    {
        tracing::warn!(
            %listen,
            "listening beyond the loopback interface without TLS and without {PREFIX}TRUSTED_PROXIES: passwords cross the \
             network in clear text, or all clients of a TLS proxy share one quota"
        );
    }
}

/// SIGTERM or SIGINT, from now on. Nothing is left to do for SIGHUP, whose default would be to end the process amid its requests.
fn stop_signal() -> impl Future<Output = ()> {
    // Here, not at the first poll: a signal amid the start would end the process.
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::hangup()),
    );
    async move {
        let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hang_up)) = signals else {
            tracing::error!("cannot listen for signals");
            return std::future::pending().await;
        };
        loop {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
                _ = hang_up.recv() => {
                    tracing::info!("SIGHUP: secrets are read again when their files change; other settings need a restart");
                }
            }
        }
    }
}
