//! The rate limit per client address: GCRA, reported in the `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers).

use crate::http::contract::problem::Problem;
use crate::types::client_info::network;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::net::IpAddr;
use std::num::NonZeroU32;

type Limiter = RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>;

/// A quota per client address.
pub struct RateLimit {
    limiter: Limiter,
    clock: DefaultClock,
    quota: NonZeroU32,
    policy: HeaderValue,
}

/// The remaining quota of a client.
#[derive(Clone, Copy, Debug)]
pub struct Remaining(u32);

impl RateLimit {
    /// Allows this many requests per minute; an idle client may send them all at once.
    pub fn new(per_minute: NonZeroU32) -> Self {
        let limiter = RateLimiter::dashmap(Quota::per_minute(per_minute)).with_middleware();
        let policy = HeaderValue::from_str(&format!("\"address\";q={per_minute};w=60"));
        Self {
            limiter,
            clock: DefaultClock::default(),
            quota: per_minute,
            policy: policy.unwrap_or_else(|_| HeaderValue::from_static("")),
        }
    }

    /// Counts a request. IPv6 clients are counted by /64, the usual allocation to one customer.
    pub fn check(&self, address: IpAddr) -> Result<Remaining, Problem> {
        match self.limiter.check_key(&network(address)) {
            Ok(state) => Ok(Remaining(state.remaining_burst_capacity())),
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now());
                let detail = "too many requests from this address";
                Err(Problem::too_many("rate-limited", detail, wait))
            }
        }
    }

    /// Adds the quota and its remainder to a response; `None` means that nothing remains.
    pub fn write(&self, remaining: Option<Remaining>, headers: &mut HeaderMap) {
        let left = remaining.map_or(0, |remaining| remaining.0);
        // Seconds until the full quota is available again.
        let reset = (u64::from(self.quota.get() - left.min(self.quota.get())) * 60)
            .div_ceil(u64::from(self.quota.get()));
        if let Ok(value) = HeaderValue::from_str(&format!("\"address\";r={left};t={reset}")) {
            headers.insert(HeaderName::from_static("ratelimit"), value);
        }
        headers.insert(HeaderName::from_static("ratelimit-policy"), self.policy.clone());
    }

    /// Drops addresses with a full quota, so that memory is bounded by the number of recently active clients.
    pub fn evict_idle(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn each_network_has_its_own_quota() {
        let limit = RateLimit::new(NonZeroU32::new(2).unwrap());
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(limit.check(address("2001:db8::1")).unwrap().0, 1);
        assert_eq!(limit.check(address("2001:db8::2")).unwrap().0, 0);
        let rejected = limit.check(address("2001:db8::3")).unwrap_err();
        assert_eq!(rejected.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(limit.check(address("2001:db8:0:1::1")).is_ok());
        assert!(limit.check(address("192.0.2.1")).is_ok());
        assert_eq!(network(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
