//! What is counted and timed. One set of instruments serves the Prometheus page and the OTLP export.
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter, MeterProvider, UpDownCounter};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use std::time::Duration;

/// Bounds in seconds: from a cached answer to the longest statement.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The instruments and the page that shows them. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    requests: Histogram<f64>,
    connections: UpDownCounter<i64>,
    refused: Counter<u64>,
    pool_wait: Histogram<f64>,
    statements: Counter<u64>,
    mail_waiting: Gauge<i64>,
    mail_age: Gauge<f64>,
    mail_tries: Counter<u64>,
}

impl Metrics {
    /// Instruments of this provider, shown by this registry.
    pub fn new(provider: &SdkMeterProvider, registry: Registry) -> Self {
        let meter = provider.meter("portcullis");
        Self {
            registry,
            requests: seconds(
                &meter,
                "http.server.request.duration",
                "Time from a request's head to its answer",
            ),
            connections: meter
                .i64_up_down_counter("http.server.open_connections")
                .with_description("Open connections on the public listener")
                .build(),
            refused: meter
                .u64_counter("http.server.refused_connections")
                .with_description("Connections closed to make room, or for being slow")
                .build(),
            pool_wait: seconds(
                &meter,
                "db.pool.wait.duration",
                "Time that a request waited for its turn at the database",
            ),
            statements: meter
                .u64_counter("db.statements")
                .with_description("Pieces of database work")
                .build(),
            mail_waiting: meter
                .i64_gauge("mail.outbox.waiting")
                .with_description("Mails that wait in the outbox; each replica shows all of them")
                .build(),
            mail_age: meter
                .f64_gauge("mail.outbox.age")
                .with_unit("s")
                .with_description("How long the oldest of them has waited")
                .build(),
            mail_tries: meter
                .u64_counter("mail.tries")
                .with_description("Tries to send a mail, by what became of it: sent, retry, given_up")
                .build(),
        }
    }

    /// A request was answered. `route` is the template, never the path, so that the set stays small.
    pub fn answered(
        &self,
        route: Option<&'static str>,
        method: &http::Method,
        status: u16,
        elapsed: Duration,
    ) {
        let attributes = [
            KeyValue::new("http.route", route.unwrap_or("unmatched")),
            KeyValue::new("http.request.method", known_method(method)),
            KeyValue::new("http.response.status_code", Value::I64(i64::from(status))),
        ];
        self.requests.record(elapsed.as_secs_f64(), &attributes);
    }

    /// A connection was opened (1) or closed (-1).
    pub fn connection(&self, change: i64) {
        self.connections.add(change, &[]);
    }

    /// A connection was closed by us; `why` is one of a few words.
    pub fn refused_connection(&self, why: &'static str) {
        self.refused.add(1, &[KeyValue::new("reason", why)]);
    }

    /// A request waited for its turn at the database.
    pub fn pool_waited(&self, time: Duration) {
        self.pool_wait.record(time.as_secs_f64(), &[]);
    }

    /// A piece of database work ended.
    pub fn statement(&self, what: &'static str, ok: bool) {
        self.statements
            .add(1, &[KeyValue::new("work", what), KeyValue::new("ok", ok)]);
    }

    /// This many mails wait, the oldest of them for this long.
    pub fn mail_waits(&self, count: i64, age: Duration) {
        self.mail_waiting.record(count, &[]);
        self.mail_age.record(age.as_secs_f64(), &[]);
    }

    /// A mail was tried; `outcome` is one of a few words.
    pub fn mail_tried(&self, outcome: &'static str) {
        self.mail_tries.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// The page in Prometheus' text format, version 0.0.4.
    pub fn page(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap_or_default()
    }
}

fn seconds(meter: &Meter, name: &'static str, description: &'static str) -> Histogram<f64> {
    meter
        .f64_histogram(name)
        .with_unit("s")
        .with_description(description)
        .with_boundaries(SECONDS.to_vec())
        .build()
}

/// A sender may invent methods: all of those are one label.
fn known_method(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}
