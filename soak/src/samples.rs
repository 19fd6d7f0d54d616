//! What a load measured: latencies, failures, and which of them an announced outage explains.

use std::collections::BTreeMap;
use std::time::Duration;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Reads rates: the login `rates`.
    Rates,
    /// Adds a wish and deletes it: the login `wishes`, and `accounts` for the session.
    Wishes,
    /// Logs in: the login `accounts`.
    Logins,
}

/// The requests of a load.
#[derive(Debug, Default)]
pub struct Samples {
    /// In microseconds.
    rates: Vec<u32>,
    /// How many requests for wishes.
    wishes: usize,
    /// How many logins.
    logins: usize,
    /// What failed.
    pub failures: Vec<Failure>,
}

/// A request that failed; times count from the beginning of the load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was requested.
    pub kind: Kind,
    /// When it was sent.
    pub from: Duration,
    /// When it failed.
    pub to: Duration,
    /// Method, and status or error.
    pub reason: String,
}

/// A time during which requests may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Its beginning, counted like failures.
    pub from: Duration,
    /// Its end.
    pub to: Duration,
}

impl Samples {
    /// Adds the time that a request took.
    pub fn record(&mut self, kind: Kind, took: Duration) {
        match kind {
            Kind::Rates => self
                .rates
                .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)),
            Kind::Wishes => self.wishes += 1,
            Kind::Logins => self.logins += 1,
        }
    }

    /// Adds those of another thread.
    pub fn add(&mut self, mut other: Samples) {
        self.rates.append(&mut other.rates);
        self.wishes += other.wishes;
        self.logins += other.logins;
        self.failures.append(&mut other.failures);
    }

    /// All requests.
    pub fn requests(&self) -> usize {
        self.rates.len() + self.wishes + self.logins
    }

    /// A kind of which there was no request: nothing is known of its login.
    pub fn missing(&self) -> Option<Kind> {
        let counts = [
            (Kind::Rates, self.rates.len()),
            (Kind::Wishes, self.wishes),
            (Kind::Logins, self.logins),
        ];
        counts
            .into_iter()
            .find(|(_, count)| *count == 0)
            .map(|(kind, _)| kind)
    }

    /// Milliseconds in which 99 of 100 requests for rates were answered; `None` without any.
    pub fn p99(&self) -> Option<f64> {
        let mut sorted = self.rates.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * 99).div_ceil(100);
        let found = rank.checked_sub(1).and_then(|index| sorted.get(index));
        found.map(|micros| f64::from(*micros) / 1_000.0)
    }

    /// The same as text.
    pub fn p99_text(&self) -> String {
        self.p99().map_or_else(
            || "no request for rates".to_owned(),
            |millis| format!("{millis:.1} ms"),
        )
    }

    /// Milliseconds of the slowest request for rates.
    pub fn slowest(&self) -> f64 {
        let slowest = self.rates.iter().max();
        slowest.map_or(0.0, |micros| f64::from(*micros) / 1_000.0)
    }

    /// The failures that no outage explains.
    pub fn unexplained<'a>(&'a self, outages: &'a [Outage]) -> impl Iterator<Item = &'a Failure> {
        let explains = |failure: &Failure| outages.iter().any(|outage| outage.overlaps(failure));
        self.failures.iter().filter(move |failure| !explains(failure))
    }
}

impl Outage {
    fn overlaps(&self, failure: &Failure) -> bool {
        failure.from <= self.to && self.from <= failure.to
    }
}

/// `3 × GET: status 503`, the most frequent reasons first.
pub fn reasons<'a>(failures: impl IntoIterator<Item = &'a Failure>) -> String {
    let mut counts = BTreeMap::new();
    for failure in failures {
        *counts.entry(failure.reason.as_str()).or_insert(0_usize) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let parts: Vec<String> = counts
        .iter()
        .take(4)
        .map(|(reason, count)| format!("{count} × {reason}"))
        .collect();
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(from: u64, to: u64, reason: &str) -> Failure {
        Failure {
            kind: Kind::Rates,
            from: Duration::from_millis(from),
            to: Duration::from_millis(to),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn only_failures_that_overlap_an_outage_are_explained() {
        let outage = Outage {
            from: Duration::from_millis(100),
            to: Duration::from_millis(200),
        };
        let samples = Samples {
            failures: vec![
                failure(0, 99, "before"),
                failure(50, 150, "into"),
                failure(150, 300, "out of"),
                failure(90, 210, "around"),
                failure(201, 202, "after"),
            ],
            ..Samples::default()
        };
        let left = |outages: &[Outage]| {
            let left = samples.unexplained(outages);
            left.map(|failure| failure.reason.clone()).collect::<Vec<_>>()
        };
        assert_eq!(left(&[outage]), ["before", "after"]);
        assert_eq!(left(&[]).len(), 5);
    }

    #[test]
    fn the_p99_is_the_value_that_one_in_a_hundred_exceeds() {
        let mut samples = Samples::default();
        assert_eq!(
            (samples.p99(), samples.p99_text().as_str()),
            (None, "no request for rates")
        );
        for millis in 1..=200 {
            samples.record(Kind::Rates, Duration::from_millis(millis));
        }
        assert_eq!(samples.p99_text(), "198.0 ms");
        assert_eq!(samples.missing(), Some(Kind::Wishes));
        samples.record(Kind::Logins, Duration::from_secs(9));
        assert_eq!(samples.p99_text(), "198.0 ms");
        assert!((samples.slowest() - 200.0).abs() < f64::EPSILON);
        samples.record(Kind::Wishes, Duration::from_secs(9));
        assert_eq!((samples.requests(), samples.missing()), (202, None));
    }

    #[test]
    fn reasons_are_counted() {
        let failures = [failure(0, 1, "a"), failure(1, 2, "b"), failure(2, 3, "b")];
        assert_eq!(reasons(&failures), "2 × b, 1 × a");
        assert_eq!(reasons(&[]), "none");
    }
}
