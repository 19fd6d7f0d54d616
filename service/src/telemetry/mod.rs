//! Logs, traces and metrics: set up once, handed to whoever measures. Never knows what a request means.

/// Events as lines of JSON.
pub mod json_log;

/// Lines on their way to stdout.
pub mod log_writer;

/// Sets up logs and their way to a collector.
pub mod logs;

/// What is counted and timed.
pub mod metrics;

/// Takes secrets out of paths.
pub mod redact;

/// W3C trace context: `traceparent` in and out.
pub mod trace_context;
