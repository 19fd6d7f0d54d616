//! Builds the mail worker's dependencies from the settings, and the developers' mailbox.

use super::error::StartError;
use super::keys::Keys;
use crate::config::Settings;
use crate::config::deployment_profile::DeploymentProfile;
use crate::config::mail::TransportSettings;
use crate::mail::mailbox::Mailbox;
use crate::mail::renderer::Renderer;
use crate::mail::smtp::SmtpConfigError;
use crate::mail::transport::Transport;
use crate::mail::worker::WorkerContext;
use crate::telemetry::metrics::Metrics;

/// Validates everything that can be validated before the first mail.
pub fn context(settings: &Settings, keys: &Keys, metrics: &Metrics) -> Result<WorkerContext, StartError> {
    let public_url = &settings.auth.public_url;
    let host: Option<http::Uri> = public_url.parse().ok();
    let host = host.as_ref().and_then(http::Uri::host).unwrap_or_default();
    let transport = Transport::new(&settings.mail, host)
        .map_err(|SmtpConfigError(key, reason)| StartError::Setting(key, reason))?;
    let from = settings.mail.from.parse();
    let from = from.map_err(|_| StartError::Setting("MAIL_FROM", "must be an address".to_owned()))?;
    Ok(WorkerContext {
        renderer: Renderer::new(public_url.clone(), keys.data.clone()),
        from,
        transport,
        retention: settings.mail.retention,
        metrics: metrics.clone(),
    })
}

/// The mails that the developers' page shows: in development, and only if they are delivered to a folder.
pub fn mailbox(settings: &Settings) -> Option<Mailbox> {
    match (settings.profile, &settings.mail.transport) {
        (DeploymentProfile::Development, TransportSettings::Folder(path)) => Some(Mailbox::new(path.clone())),
        (DeploymentProfile::Development, TransportSettings::Smtp(_)) | (DeploymentProfile::Production, _) => {
            None
        }
    }
}
