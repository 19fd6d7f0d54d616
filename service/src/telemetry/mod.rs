//! Logs, traces and metrics. Knows nothing about what a request means.

/// The OTLP collector.
mod collector;

/// Gauges that are computed when the metrics are collected.
pub mod computed_gauges;

/// Errors of setting up telemetry.
pub mod error;

/// Histograms of durations.
mod histogram;

/// Log events as JSON lines.
pub mod json_log;

/// Buffers log lines for stdout.
pub mod log_writer;

/// Sets up logging and OTLP export.
pub mod logs;

/// Metric instruments.
pub mod metrics;

/// Removes secrets from paths.
pub mod redact;

/// Decides which traces are exported.
mod sampler;

/// W3C Trace Context: the `traceparent` header.
pub mod trace_context;

/// Metric instruments of uploads.
pub mod upload_metrics;
