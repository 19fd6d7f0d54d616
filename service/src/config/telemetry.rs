//! Settings of logs, traces and metrics.

use super::source::{ConfigError, Source};
use std::path::PathBuf;

/// Settings of logs, traces and metrics.
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    /// Log filter, valid for `tracing_subscriber::EnvFilter`.
    pub log: String,
    /// Base URL of an OTLP/HTTP collector, without a trailing slash.
    pub otlp_endpoint: Option<String>,
    /// PEM file with the authority of the collector's certificate; `None`: the system's.
    pub otlp_ca_file: Option<PathBuf>,
    /// Fraction of requests whose spans are exported.
    pub trace_ratio: f64,
}

impl TelemetrySettings {
    /// Parses the settings.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let endpoint = source.text("OTLP_ENDPOINT")?;
        let is_url = endpoint.parse::<http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri
                    .authority()
                    .is_some_and(|authority| !authority.as_str().contains('@'))
        });
        if !endpoint.is_empty() && !is_url {
            let reason = "must be an http:// or https:// URL without a user name";
            return Err(ConfigError::new("OTLP_ENDPOINT", reason));
        }
        let ca_file = source.non_empty("OTLP_CA_FILE")?;
        let log = source.non_empty("LOG")?;
        if tracing_subscriber::EnvFilter::try_new(&log).is_err() || !log.split(',').all(has_level) {
            return Err(ConfigError::new(
                "LOG",
                "must be a log filter such as info,portcullis::db=debug, whose parts are levels or name one after =",
            ));
        }
        Ok(Self {
            log,
            otlp_endpoint: (!endpoint.is_empty()).then(|| endpoint.trim_end_matches('/').to_owned()),
            otlp_ca_file: (ca_file != "system").then(|| ca_file.into()),
            trace_ratio: source.number("TRACE_RATIO", 0.0..=1.0)?,
        })
    }
}

/// Whether a part of a log filter is a level or has one. The filter takes any other word for a target, so that a mistyped level
/// would switch all logs off.
fn has_level(directive: &str) -> bool {
    directive.contains(['=', '[', ']', '{', '}'])
        || directive
            .trim()
            .parse::<tracing_subscriber::filter::LevelFilter>()
            .is_ok()
}
