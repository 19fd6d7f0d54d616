//! Sets up JSON logs on stdout and, if a collector is configured, OTLP export of logs, traces and metrics.

use super::collector::{Collector, EXPORT_TIMEOUT};
use super::error::{TelemetryError, setup_error};
use super::json_log::JsonLog;
use super::log_writer::{LogWriter, LogWriterGuard};
use super::metrics::Metrics;
use super::sampler::sampler;
use crate::config::telemetry::TelemetrySettings;
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::fs::File;
use std::os::fd::AsFd;
use std::time::Duration;
use tracing_subscriber::filter::{EnvFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Time limit of the last export of all signals together, so that a collector that does not respond does not hold up the
/// shutdown.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// Log targets of the exporters themselves. Exporting them would cause further exports.
const EXPORTER_TARGETS: [&str; 6] = [
    "opentelemetry",
    "opentelemetry_sdk",
    "opentelemetry_otlp",
    "hyper",
    "reqwest",
    "h2",
];

/// Libraries that log what a server answered, as errors. The code that uses them logs what matters.
const SILENCED: &str = "vaultrs=off,rustify=off";

/// Must live as long as the process and be stopped at its end.
pub struct Telemetry {
    /// Metric instruments.
    pub metrics: Metrics,
    meters: SdkMeterProvider,
    tracers: Option<SdkTracerProvider>,
    loggers: Option<SdkLoggerProvider>,
    _stdout: Option<LogWriterGuard>,
}

impl Telemetry {
    /// Sets up logging and export.
    pub fn start(settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        let collector = Collector::of(settings)?;
        let collector = collector.as_ref();
        let tracers = collector
            .map(|collector| tracers(collector, settings.trace_ratio))
            .transpose()?;
        let loggers = collector.map(loggers).transpose()?;
        let mut telemetry = Self::quiet_to(collector)?;
        // Without the buffer of `Stdout`, which would repeat the rest of a line that could not be written.
        let stdout = std::io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .map_err(setup_error)?;
        let (writer, guard) = LogWriter::start(File::from(stdout)).map_err(setup_error)?;
        let filter = EnvFilter::try_new(format!("{},{SILENCED}", settings.log)).map_err(setup_error)?;
        let others = || {
            EXPORTER_TARGETS.iter().fold(
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
            .map_err(setup_error)?;
        telemetry.tracers = tracers;
        telemetry.loggers = loggers;
        telemetry._stdout = Some(guard);
        Ok(telemetry)
    }

    /// Logs warnings to stderr, for commands other than `serve`.
    pub fn to_stderr() {
        let filter = EnvFilter::new(format!("warn,{SILENCED}"));
        let _ = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .without_time()
            .try_init();
    }

    /// Instruments without logs or export, for commands other than `serve` and for tests.
    pub fn quiet() -> Result<Self, TelemetryError> {
        Self::quiet_to(None)
    }

    fn quiet_to(collector: Option<&Collector>) -> Result<Self, TelemetryError> {
        let registry = prometheus::Registry::new();
        let page = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .build()
            .map_err(setup_error)?;
        let mut meters = SdkMeterProvider::builder()
            .with_resource(resource())
            .with_reader(page);
        if let Some(collector) = collector {
            let exporter = MetricExporter::builder()
                .with_http()
                .with_endpoint(collector.url("metrics"));
            let exporter = collector.with_client(exporter);
            meters = meters.with_periodic_exporter(
                exporter
                    .with_timeout(EXPORT_TIMEOUT)
                    .build()
                    .map_err(setup_error)?,
            );
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

    /// Exports what is buffered, traces, logs and metrics side by side. Blocks up to [`STOP_TIMEOUT`]: call it outside of the
    /// async runtime.
    pub fn stop(self) {
        let Self {
            meters,
            tracers,
            loggers,
            _stdout,
            ..
        } = self;
        let shutdowns: [Box<dyn FnOnce() + Send>; 3] = [
            Box::new(move || drop(tracers.map(|tracers| tracers.shutdown_with_timeout(STOP_TIMEOUT)))),
            Box::new(move || drop(loggers.map(|loggers| loggers.shutdown_with_timeout(STOP_TIMEOUT)))),
            Box::new(move || drop(meters.shutdown_with_timeout(STOP_TIMEOUT))),
        ];
        let (running, ended) = std::sync::mpsc::channel::<()>();
        for shutdown in shutdowns {
            let running = running.clone();
            // Not joined: an exporter may wait for its collector beyond its timeout, and ends with the process.
            let _ = std::thread::Builder::new().spawn(move || {
                shutdown();
                drop(running);
            });
        }
        drop(running);
        let _ = ended.recv_timeout(STOP_TIMEOUT);
    }
}

fn tracers(collector: &Collector, ratio: f64) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(collector.url("traces"));
    let exporter = collector.with_client(exporter);
    Ok(SdkTracerProvider::builder()
        .with_resource(resource())
        .with_sampler(sampler(ratio))
        .with_batch_exporter(
            exporter
                .with_timeout(EXPORT_TIMEOUT)
                .build()
                .map_err(setup_error)?,
        )
        .build())
}

fn loggers(collector: &Collector) -> Result<SdkLoggerProvider, TelemetryError> {
    let exporter = LogExporter::builder()
        .with_http()
        .with_endpoint(collector.url("logs"));
    let exporter = collector.with_client(exporter);
    Ok(SdkLoggerProvider::builder()
        .with_resource(resource())
        .with_batch_exporter(
            exporter
                .with_timeout(EXPORT_TIMEOUT)
                .build()
                .map_err(setup_error)?,
        )
        .build())
}

fn resource() -> Resource {
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    Resource::builder()
        .with_service_name("portcullis")
        .with_attribute(version)
        .build()
}
