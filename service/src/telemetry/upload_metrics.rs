//! Metric instruments of uploads.

use super::histogram::seconds;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter};
use std::time::Duration;

/// Histogram boundaries in seconds: a batch may be stored for as long as the time limit of a statement, and waits for another one
/// at most a minute.
const BOUNDARIES: [f64; 12] = [
    0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0,
];

/// The instruments. Cheap to clone.
#[derive(Clone)]
pub struct UploadMetrics {
    waiting: Gauge<i64>,
    age: Gauge<f64>,
    ends: Counter<u64>,
    prices: Counter<u64>,
    time: Histogram<f64>,
    lock_wait: Histogram<f64>,
}

impl UploadMetrics {
    /// Creates the instruments.
    pub(super) fn new(meter: &Meter) -> Self {
        Self {
            waiting: meter
                .i64_gauge("uploads.waiting")
                .with_description("Uploads that wait for a replica, which all replicas share")
                .build(),
            age: meter
                .f64_gauge("uploads.age")
                .with_unit("s")
                .with_description("Age of the oldest upload that waits")
                .build(),
            ends: meter
                .u64_counter("uploads.ended")
                .with_description(
                    "Uploads that a worker ended, by outcome: committed, checked, failed, cancelled, interrupted, lost",
                )
                .build(),
            prices: meter
                .u64_counter("uploads.prices")
                .with_description("Prices that were stored from uploads")
                .build(),
            time: seconds(
                meter,
                "uploads.store.duration",
                "Time that a stored upload took, from its start by a worker to its commit",
                &BOUNDARIES,
            ),
            lock_wait: seconds(
                meter,
                "uploads.lock_wait.duration",
                "Time that an upload waited until no other session changed the sums of prices",
                &BOUNDARIES,
            ),
        }
    }

    /// Records the number of uploads that wait for a worker and the age of the oldest.
    pub fn queued(&self, count: i64, age: Duration) {
        self.waiting.record(count, &[]);
        self.age.record(age.as_secs_f64(), &[]);
    }

    /// Counts the end of an upload. `outcome` is one of a few fixed names.
    pub fn ended(&self, outcome: &'static str) {
        self.ends.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// Counts the prices of a stored upload.
    pub fn stored(&self, prices: u64, time: Duration) {
        self.prices.add(prices, &[]);
        self.time.record(time.as_secs_f64(), &[]);
    }

    /// Records how long an upload waited for the lock on the sums.
    pub fn waited_for_lock(&self, time: Duration) {
        self.lock_wait.record(time.as_secs_f64(), &[]);
    }
}
