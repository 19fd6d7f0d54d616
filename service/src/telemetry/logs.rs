//! Sets up logs (JSON on stdout) and, where a collector is named, OTLP for logs, traces and metrics.
use super::json_log::JsonLog;
use super::log_writer::{LogWriter, LogWriterGuard};
use super::metrics::Metrics;
use crate::config::telemetry::TelemetrySettings;
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::time::Duration;
use tracing_subscriber::filter::{EnvFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// How long a collector may take for one export. Exports run on threads of their own: a dead collector slows nothing.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// Targets of the exporters' own making: sent to a collector they would feed themselves.
const OWN: [&str; 6] = [
    "opentelemetry",
    "opentelemetry_sdk",
    "opentelemetry_otlp",
    "hyper",
    "reqwest",
    "h2",
];

/// What must live as long as the process, and be told when it ends.
pub struct Telemetry {
    /// The instruments.
    pub metrics: Metrics,
    meters: SdkMeterProvider,
    tracers: Option<SdkTracerProvider>,
    loggers: Option<SdkLoggerProvider>,
    _stdout: Option<LogWriterGuard>,
}

/// Telemetry that could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("telemetry: {0}")]
pub struct TelemetryError(String);

fn wrong(error: impl std::fmt::Display) -> TelemetryError {
    TelemetryError(error.to_string())
}

impl Telemetry {
    /// Sets up everything; from here on the process logs.
    pub fn start(settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        let endpoint = settings.otlp_endpoint.as_deref();
        let tracers = endpoint
            .map(|url| tracers(url, settings.trace_ratio))
            .transpose()?;
        let loggers = endpoint.map(loggers).transpose()?;
        let mut telemetry = Self::quiet_to(endpoint)?;
        let (writer, guard) = LogWriter::start(std::io::stdout()).map_err(wrong)?;
        let filter = EnvFilter::try_new(&settings.log).map_err(wrong)?;
        let others = || {
            OWN.iter().fold(
                Targets::new().with_default(tracing::Level::INFO),
                |targets, own| targets.with_target(*own, tracing::level_filters::LevelFilter::OFF),
            )
        };
        let spans = tracers.as_ref().map(|provider| {
            let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("portcullis"));
            layer
                .with_location(false)
                .with_threads(false)
                .with_filter(others())
        });
        let bridge = loggers
            .as_ref()
            .map(|provider| OpenTelemetryTracingBridge::new(provider).with_filter(others()));
        tracing_subscriber::registry()
            .with(filter)
            .with(JsonLog::new(writer))
            .with(spans)
            .with(bridge)
            .try_init()
            .map_err(wrong)?;
        telemetry.tracers = tracers;
        telemetry.loggers = loggers;
        telemetry._stdout = Some(guard);
        Ok(telemetry)
    }

    /// Warnings on stderr, for commands that end by themselves.
    pub fn to_stderr() {
        let filter = EnvFilter::new("warn");
        let _ = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .without_time()
            .try_init();
    }

    /// Instruments without logs or export: for commands that end by themselves, and for tests.
    pub fn quiet() -> Result<Self, TelemetryError> {
        Self::quiet_to(None)
    }

    fn quiet_to(endpoint: Option<&str>) -> Result<Self, TelemetryError> {
        let registry = prometheus::Registry::new();
        let page = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .build()
            .map_err(wrong)?;
        let mut meters = SdkMeterProvider::builder()
            .with_resource(resource())
            .with_reader(page);
        if let Some(url) = endpoint {
            let exporter = MetricExporter::builder()
                .with_http()
                .with_endpoint(format!("{url}/v1/metrics"));
            meters =
                meters.with_periodic_exporter(exporter.with_timeout(EXPORT_TIMEOUT).build().map_err(wrong)?);
        }
        let meters = meters.build();
        let metrics = Metrics::new(&meters, registry);
        Ok(Self {
            metrics,
            meters,
            tracers: None,
            loggers: None,
            _stdout: None,
        })
    }

    /// Sends what is left. Blocks for as long as an export may take: call it off the async runtime.
    pub fn stop(self) {
        if let Some(tracers) = &self.tracers {
            let _ = tracers.shutdown_with_timeout(EXPORT_TIMEOUT);
        }
        if let Some(loggers) = &self.loggers {
            let _ = loggers.shutdown_with_timeout(EXPORT_TIMEOUT);
        }
        let _ = self.meters.shutdown_with_timeout(EXPORT_TIMEOUT);
    }
}

fn tracers(url: &str, ratio: f64) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{url}/v1/traces"));
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
    Ok(SdkTracerProvider::builder()
        .with_resource(resource())
        .with_sampler(sampler)
        .with_batch_exporter(exporter.with_timeout(EXPORT_TIMEOUT).build().map_err(wrong)?)
        .build())
}

fn loggers(url: &str) -> Result<SdkLoggerProvider, TelemetryError> {
    let exporter = LogExporter::builder()
        .with_http()
        .with_endpoint(format!("{url}/v1/logs"));
    Ok(SdkLoggerProvider::builder()
        .with_resource(resource())
        .with_batch_exporter(exporter.with_timeout(EXPORT_TIMEOUT).build().map_err(wrong)?)
        .build())
}

fn resource() -> Resource {
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    Resource::builder()
        .with_service_name("portcullis")
        .with_attribute(version)
        .build()
}
