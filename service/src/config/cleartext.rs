//! In production, unencrypted traffic stays on the machine unless a setting permits more.

use super::deployment_profile::DeploymentProfile;
use super::server::ServerSettings;
use super::source::{ConfigError, Source};
use super::telemetry::TelemetrySettings;
use std::net::IpAddr;

/// The settings whose traffic may be unencrypted.
const NAMES: [&str; 3] = ["LISTEN", "INTERNAL_LISTEN", "OTLP_ENDPOINT"];

/// Rejects an address beyond the loopback interface whose traffic is unencrypted, unless `ALLOW_CLEARTEXT` names it. A
/// listener behind trusted proxies is not meant for clients, so its setting needs no permission.
///
/// # Errors
///
/// Names the setting.
pub fn check(
    source: &Source,
    profile: DeploymentProfile,
    server: &ServerSettings,
    telemetry: &TelemetrySettings,
) -> Result<(), ConfigError> {
    let allowed = source.list("ALLOW_CLEARTEXT")?;
    if allowed.iter().any(|name| !NAMES.contains(&name.as_str())) {
        let reason = "must be a list of LISTEN, INTERNAL_LISTEN and OTLP_ENDPOINT";
        return Err(ConfigError::new("ALLOW_CLEARTEXT", reason));
    }
    let is_local = |address: IpAddr| address.to_canonical().is_loopback();
    let has_proxies = !server.proxies.trusted.is_empty();
    let local = [
        is_local(server.listen.ip()) || has_proxies,
        is_local(server.internal_listen.ip()),
        telemetry.otlp_endpoint.as_deref().is_none_or(is_protected),
    ];
    for (name, local) in NAMES.iter().zip(local) {
        let permitted = local || allowed.iter().any(|allowed| allowed == name);
        if profile == DeploymentProfile::Production && !permitted {
            let reason = match *name {
                "LISTEN" => {
                    "must be a loopback address in production, unless PORTCULLIS_TRUSTED_PROXIES names a TLS proxy or PORTCULLIS_ALLOW_CLEARTEXT contains LISTEN"
                }
                "INTERNAL_LISTEN" => {
                    "must be a loopback address in production, unless PORTCULLIS_ALLOW_CLEARTEXT contains INTERNAL_LISTEN"
                }
                _ => {
                    "must be an https URL or a loopback address in production, unless PORTCULLIS_ALLOW_CLEARTEXT contains OTLP_ENDPOINT"
                }
            };
            return Err(ConfigError::new(name, reason));
        }
    }
    Ok(())
}

/// Whether the traffic to this URL is encrypted or stays on the machine.
pub(super) fn is_protected(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    uri.scheme_str() == Some("https")
        || host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}
