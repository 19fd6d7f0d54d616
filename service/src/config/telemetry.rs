//! Logs, traces, metrics: what is kept and where it goes.
use super::source::{ConfigError, Source};

/// Settings of telemetry.
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    /// The log filter.
    pub log: String,
    /// Base URL of an OTLP/HTTP collector, without a slash at the end.
    pub otlp_endpoint: Option<String>,
    /// Share of the traces begun here that are sent.
    pub trace_ratio: f64,
}

impl TelemetrySettings {
    /// Reads the settings.
    pub fn parse(source: &Source) -> Result<Self, ConfigError> {
        let endpoint = source.text("OTLP_ENDPOINT")?;
        let plain = endpoint
            .parse::<http::Uri>()
            .is_ok_and(|uri| uri.scheme_str() == Some("http"));
        if !endpoint.is_empty() && !plain {
            let reason = "must be an http:// URL: run a collector beside the service and let it speak TLS";
            return Err(ConfigError::new("OTLP_ENDPOINT", reason));
        }
        let log = source.non_empty("LOG")?;
        if tracing_subscriber::EnvFilter::try_new(&log).is_err() {
            return Err(ConfigError::new(
                "LOG",
                "is not a filter, as in info,portcullis::db=debug",
            ));
        }
        Ok(Self {
            log,
            otlp_endpoint: (!endpoint.is_empty()).then(|| endpoint.trim_end_matches('/').to_owned()),
            trace_ratio: source.number("TRACE_RATIO", 0.0..=1.0)?,
        })
    }
}
