//! Gauges that are computed when the metrics are collected: times that pass.

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The gauges. Cheap to clone.
#[derive(Clone)]
pub struct ComputedGauges(Arc<Mutex<Sources>>);

/// What they are computed from.
#[derive(Default)]
struct Sources {
    /// When the token of each Vault client ends, unless it does not.
    token_ends: BTreeMap<&'static str, Instant>,
    login_ends: BTreeMap<&'static str, Box<dyn Fn() -> Instant + Send>>,
    version_age: Option<Box<dyn Fn() -> Option<Duration> + Send>>,
}

impl ComputedGauges {
    /// Registers them. The registry of the meter holds the callbacks.
    pub fn new(meter: &Meter) -> Self {
        let gauges = Self(Arc::default());
        let sources = gauges.clone();
        let _ = meter
            .f64_observable_gauge("vault.token.remaining")
            .with_unit("s")
            .with_description("Time until the Vault token ends, by client: service, broker")
            .with_callback(move |observer| {
                for (client, end) in &sources.lock().token_ends {
                    observer.observe(seconds_until(*end), &[KeyValue::new("client", *client)]);
                }
            })
            .build();
        let sources = gauges.clone();
        let _ = meter
            .f64_observable_gauge("db.login.lease.remaining")
            .with_unit("s")
            .with_description(
                "Time until the credentials of a database login end, unless they are renewed or replaced",
            )
            .with_callback(move |observer| {
                for (login, end) in &sources.lock().login_ends {
                    observer.observe(seconds_until(end()), &[KeyValue::new("login", *login)]);
                }
            })
            .build();
        let sources = gauges.clone();
        let _ = meter
            .f64_observable_gauge("rates.version.age")
            .with_unit("s")
            .with_description(
                "Time since a read of the version of the data began that succeeded; beyond 0.2 s no answer is reused",
            )
            .with_callback(move |observer| {
                let sources = sources.lock();
                if let Some(age) = sources.version_age.as_ref().and_then(|age| age()) {
                    observer.observe(age.as_secs_f64(), &[]);
                }
            })
            .build();
        gauges
    }

    /// Sets when the token of a Vault client ends. `None`: never.
    pub fn set_token_end(&self, client: &'static str, end: Option<Instant>) {
        let ends = &mut self.lock().token_ends;
        match end {
            Some(end) => ends.insert(client, end),
            None => ends.remove(client),
        };
    }

    /// Sets how to find out when the credentials of a login end.
    pub fn set_login_end(&self, login: &'static str, end: impl Fn() -> Instant + Send + 'static) {
        self.lock().login_ends.insert(login, Box::new(end));
    }

    /// Sets how to find out how long ago the version of the data was read.
    pub fn set_version_age(&self, age: impl Fn() -> Option<Duration> + Send + 'static) {
        self.lock().version_age = Some(Box::new(age));
    }

    fn lock(&self) -> MutexGuard<'_, Sources> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds_until(end: Instant) -> f64 {
    end.saturating_duration_since(Instant::now()).as_secs_f64()
}
