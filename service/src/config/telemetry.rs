//! Settings of logs, traces and metrics.

use super::source::{ConfigError, Source};

/// Settings of logs, traces and metrics.
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    /// Log filter, valid for `tracing_subscriber::EnvFilter`.
    pub log: String,
    /// Base URL of an OTLP/HTTP collector, without a trailing slash.
    pub otlp_endpoint: Option<String>,
    /// Fraction of requests whose spans are exported.
    pub trace_ratio: f64,
}

impl TelemetrySettings {
    /// Parses the settings.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let endpoint = source.text("OTLP_ENDPOINT")?;
        let plain = endpoint
            .parse::<http::Uri>()
            .is_ok_and(|uri| uri.scheme_str() == Some("http"));
        if !endpoint.is_empty() && !plain {
            let reason = "must be an http:// URL: run a local collector and let it forward over TLS";
            return Err(ConfigError::new("OTLP_ENDPOINT", reason));
        }
        let log = source.non_empty("LOG")?;
        if tracing_subscriber::EnvFilter::try_new(&log).is_err() {
            return Err(ConfigError::new(
                "LOG",
                "must be a log filter such as info,portcullis::db=debug",
            ));
        }
        Ok(Self {
            log,
            otlp_endpoint: (!endpoint.is_empty()).then(|| endpoint.trim_end_matches('/').to_owned()),
            trace_ratio: source.number("TRACE_RATIO", 0.0..=1.0)?,
        })
    }
}
