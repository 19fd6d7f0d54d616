//! A lease: how long what Vault issued is valid. Measured from before the request, by a clock that no one can change.

use rand::Rng;
use std::time::{Duration, Instant};

/// A lease is renewed when this part of it is over, less up to a tenth.
const RENEW_AT: f64 = 2.0 / 3.0;

/// The lease of an issued login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    id: String,
    granted: Duration,
    duration: Duration,
    obtained: Instant,
    renew_at: Instant,
    renewable: bool,
    login: u64,
}

/// Whether a lease exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// It ends after this time.
    Active(Duration),
    /// It has ended, or was never known.
    Gone,
}

impl Lease {
    /// A lease of an answer to a request that was sent at `sent`, under the token of this number.
    pub(super) fn new(id: String, seconds: u32, renewable: bool, sent: Instant, login: u64) -> Self {
        let duration = Duration::from_secs(u64::from(seconds));
        Self {
            id,
            granted: duration,
            duration,
            obtained: sent,
            renew_at: renewal_time(sent, duration),
            renewable,
            login,
        }
    }

    /// The lease after a renewal that was requested at `sent`.
    pub(super) fn renewed(&mut self, seconds: u32, renewable: bool, sent: Instant) {
        self.duration = Duration::from_secs(u64::from(seconds));
        self.obtained = sent;
        self.renew_at = renewal_time(sent, self.duration);
        self.renewable = renewable;
    }

    /// Its id. Any token with the permission can revoke it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The duration that was granted when it was issued.
    pub fn granted(&self) -> Duration {
        self.granted
    }

    /// The duration that was granted last. When renewals no longer restore it, the maximum TTL is near.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Whether the last renewal was cut, so that the next login is due.
    pub fn is_cut(&self) -> bool {
        self.duration < self.granted
    }

    /// The time until it ends; zero afterwards.
    pub fn remaining(&self) -> Duration {
        self.duration.saturating_sub(self.obtained.elapsed())
    }

    /// When to renew it: at two thirds, with jitter.
    pub fn renew_at(&self) -> Instant {
        self.renew_at
    }

    /// Whether it can be renewed.
    pub fn is_renewable(&self) -> bool {
        self.renewable
    }

    /// The number of the login to Vault that it was issued under. It ends when that login's token ends.
    pub fn login(&self) -> u64 {
        self.login
    }
}

/// Two thirds of a duration after a point in time, less up to a tenth, so that replicas do not renew together.
pub fn renewal_time(from: Instant, duration: Duration) -> Instant {
    let jitter = 1.0 - 0.1 * rand::rng().random::<f64>();
    from + duration.mul_f64(RENEW_AT * jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_renewed_at_two_thirds_with_jitter() {
        let sent = Instant::now();
        let times: Vec<f64> = (0..200)
            .map(|_| Lease::new("a".to_owned(), 3600, true, sent, 1).renew_at())
            .map(|time| (time - sent).as_secs_f64())
            .collect();
        assert!(
            times.iter().all(|time| (2159.9..=2400.1).contains(time)),
            "{times:?}"
        );
        let (min, max) = (
            times.iter().copied().fold(f64::MAX, f64::min),
            times.iter().copied().fold(0.0, f64::max),
        );
        assert!(max - min > 120.0, "{min} to {max}");
    }

    #[test]
    fn a_renewal_that_does_not_restore_the_duration_shows_the_maximum() {
        let sent = Instant::now();
        let mut lease = Lease::new("a".to_owned(), 60, true, sent, 1);
        lease.renewed(60, true, sent);
        assert!(!lease.is_cut());
        lease.renewed(12, true, sent);
        assert!(lease.is_cut());
        assert!(lease.remaining() <= Duration::from_secs(12));
        let ended = Lease::new("a".to_owned(), 0, true, sent, 1);
        assert_eq!(ended.remaining(), Duration::ZERO);
    }
}
