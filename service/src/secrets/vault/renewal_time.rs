//! When to renew what has a lifetime.

use rand::Rng;
use std::time::{Duration, Instant};

/// A lease, or a token, is renewed when this part of it is over, less up to a tenth.
const RENEW_AT: f64 = 2.0 / 3.0;

/// Two thirds of a duration after a point in time, less up to a tenth, so that replicas do not renew together.
pub fn renewal_time(from: Instant, duration: Duration) -> Instant {
    let jitter = 1.0 - 0.1 * rand::rng().random::<f64>();
    from + duration.mul_f64(RENEW_AT * jitter)
}
