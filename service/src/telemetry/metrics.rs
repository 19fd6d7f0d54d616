//! Metric instruments, shared by the Prometheus endpoint and the OTLP export.

use super::computed_gauges::ComputedGauges;
use super::histogram;
use super::upload_metrics::UploadMetrics;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter, MeterProvider, UpDownCounter};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use std::time::Duration;

/// Histogram boundaries in seconds.
const BOUNDARIES: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The instruments. Cheap to clone.
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
    /// Those of uploads.
    pub uploads: UploadMetrics,
    vault_up: Gauge<u64>,
    vault_requests: Counter<u64>,
    login_generation: Gauge<u64>,
    login_rotations: Counter<u64>,
    login_failures: Counter<u64>,
    access_logins: Counter<u64>,
    keys_version: Gauge<u64>,
    ready: Gauge<u64>,
    last_import: Gauge<i64>,
    rates_answers: Counter<u64>,
    computed: ComputedGauges,
    audit_checks: Counter<u64>,
}

impl Metrics {
    /// Creates the instruments. `registry` exports them to Prometheus.
    pub fn new(provider: &SdkMeterProvider, registry: Registry) -> Self {
        let meter = provider.meter("portcullis");
        let metrics = Self {
            registry,
            requests: seconds(
                &meter,
                "http.server.request.duration",
                "Duration of a request, from its head to its response",
            ),
            connections: meter
                .i64_up_down_counter("http.server.open_connections")
                .with_description("Open connections on the public listener")
                .build(),
            refused: meter
                .u64_counter("http.server.refused_connections")
                .with_description("Connections closed by the server, by reason")
                .build(),
            pool_wait: seconds(
                &meter,
                "db.pool.wait.duration",
                "Time that a request waited for a database connection",
            ),
            statements: meter
                .u64_counter("db.statements")
                .with_description("Database operations, by name and success")
                .build(),
            mail_waiting: meter
                .i64_gauge("mail.outbox.waiting")
                .with_description("Mails waiting in the outbox, which all replicas share")
                .build(),
            mail_age: meter
                .f64_gauge("mail.outbox.age")
                .with_unit("s")
                .with_description("Age of the oldest mail waiting in the outbox")
                .build(),
            mail_tries: meter
                .u64_counter("mail.tries")
                .with_description("Delivery attempts, by outcome: sent, retry, given_up")
                .build(),
            uploads: UploadMetrics::new(&meter),
            vault_up: meter
                .u64_gauge("vault.up")
                .with_description(
                    "Whether the last request to Vault was answered, by client: service, broker",
                )
                .build(),
            vault_requests: meter
                .u64_counter("vault.requests")
                .with_description("Requests to Vault, by client, operation and outcome")
                .build(),
            login_generation: meter
                .u64_gauge("db.login.generation")
                .with_description(
                    "How often the credentials of a database login were replaced since the start",
                )
                .build(),
            login_rotations: meter
                .u64_counter("db.login.rotations")
                .with_description("Replaced credentials of database logins, by reason")
                .build(),
            login_failures: meter
                .u64_counter("db.login.failures")
                .with_description(
                    "Credentials of database logins that could not be issued, renewed, used or revoked",
                )
                .build(),
            access_logins: meter
                .u64_counter("access.logins")
                .with_description(
                    "Database logins of people, by outcome: issued, issue_failed, revoked, revoke_failed",
                )
                .build(),
            keys_version: meter
                .u64_gauge("keys.document.version")
                .with_description("Version of the document of keys in Vault whose keys are in use")
                .build(),
            ready: meter
                .u64_gauge("health.ready")
                .with_description("Whether the last readiness probe succeeded")
                .build(),
            last_import: meter
                .i64_gauge("rates.last_import.timestamp")
                .with_unit("s")
                .with_description("When the newest batch of prices was stored, in seconds since 1970")
                .build(),
            rates_answers: meter
                .u64_counter("rates.answers")
                .with_description(
                    "Answers of /rates, by their relation to the cache: hit, miss, bypassed (the version of the data is unknown)",
                )
                .build(),
            computed: ComputedGauges::new(&meter),
            audit_checks: meter
                .u64_counter("audit.checks")
                .with_description(
                    "Comparisons of the audit chain with its last anchor, by outcome: intact, contradicted, failed",
                )
                .build(),
        };
        metrics.start_at_zero();
        metrics
    }

    /// Alerts compare these counters with an earlier value: a series that begins with its first event has none.
    fn start_at_zero(&self) {
        let zero = |counter: &Counter<u64>, outcomes: &[&'static str]| {
            for outcome in outcomes {
                counter.add(0, &[KeyValue::new("outcome", *outcome)]);
            }
        };
        zero(&self.mail_tries, &["sent", "retry", "given_up"]);
        zero(&self.audit_checks, &["intact", "contradicted", "failed"]);
        zero(
            &self.access_logins,
            &["issued", "issue_failed", "revoked", "revoke_failed"],
        );
    }

    /// Records a response. `route` is the path template, to keep the number of time series small.
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

    /// Counts an opened (1) or closed (-1) connection.
    pub fn connection(&self, change: i64) {
        self.connections.add(change, &[]);
    }

    /// Counts a connection closed by the server. `why` is one of a few fixed reasons.
    pub fn refused_connection(&self, why: &'static str) {
        self.refused.add(1, &[KeyValue::new("reason", why)]);
    }

    /// Records how long a request waited for a database connection.
    pub fn pool_waited(&self, time: Duration) {
        self.pool_wait.record(time.as_secs_f64(), &[]);
    }

    /// Counts a database operation.
    pub fn statement(&self, what: &'static str, ok: bool) {
        self.statements
            .add(1, &[KeyValue::new("work", what), KeyValue::new("ok", ok)]);
    }

    /// Records the number of waiting mails and the age of the oldest.
    pub fn mail_waits(&self, count: i64, age: Duration) {
        self.mail_waiting.record(count, &[]);
        self.mail_age.record(age.as_secs_f64(), &[]);
    }

    /// Counts a delivery attempt. `outcome` is one of a few fixed names.
    pub fn mail_tried(&self, outcome: &'static str) {
        self.mail_tries.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// Counts a request of a Vault client. The texts are of a few fixed names; `is_up`: there was a usable answer.
    pub fn vault_answered(
        &self,
        client: &'static str,
        operation: &'static str,
        outcome: &'static str,
        is_up: bool,
    ) {
        let client = KeyValue::new("client", client);
        self.vault_up
            .record(u64::from(is_up), std::slice::from_ref(&client));
        let operation = KeyValue::new("operation", operation);
        self.vault_requests
            .add(1, &[client, operation, KeyValue::new("outcome", outcome)]);
    }

    /// Counts replaced credentials. `reason` is one of a few fixed names.
    pub fn login_replaced(&self, login: &'static str, generation: u64, reason: &'static str) {
        let login = KeyValue::new("login", login);
        self.login_generation
            .record(generation, std::slice::from_ref(&login));
        self.login_rotations
            .add(1, &[login, KeyValue::new("reason", reason)]);
    }

    /// Counts a failure to issue, renew, use or revoke credentials.
    pub fn login_failed(&self, login: &'static str, step: &'static str) {
        let attributes = [KeyValue::new("login", login), KeyValue::new("step", step)];
        self.login_failures.add(1, &attributes);
    }

    /// Counts an attempt to issue or revoke a person's login. `outcome` is one of a few fixed names.
    pub fn access_login(&self, outcome: &'static str) {
        self.access_logins.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// Records the version of a document of keys whose keys are in use. `document` is one of a few fixed names.
    pub fn keys_loaded(&self, document: &'static str, version: u64) {
        self.keys_version
            .record(version, &[KeyValue::new("document", document)]);
    }

    /// Records the result of a readiness probe.
    pub fn readiness(&self, is_ready: bool) {
        self.ready.record(u64::from(is_ready), &[]);
    }

    /// Records when the newest batch of prices was stored, in seconds since 1970.
    pub fn last_import(&self, timestamp: i64) {
        self.last_import.record(timestamp, &[]);
    }

    /// Counts an answer of `/rates`. `outcome` is one of a few fixed names.
    pub fn rates_answer(&self, outcome: &'static str) {
        self.rates_answers.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// Counts a comparison of the audit chain. `outcome` is one of a few fixed names.
    pub fn audit_checked(&self, outcome: &'static str) {
        self.audit_checks.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// The gauges that are computed when the metrics are collected.
    pub fn computed(&self) -> &ComputedGauges {
        &self.computed
    }

    /// All metrics in the Prometheus text format, version 0.0.4.
    pub fn prometheus_text(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap_or_default()
    }
}

fn seconds(meter: &Meter, name: &'static str, description: &'static str) -> Histogram<f64> {
    histogram::seconds(meter, name, description, &BOUNDARIES)
}

/// Clients can invent methods, which therefore share one label.
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
