//! The rate limit per client address: GCRA, reported in the `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers).

use crate::http::contract::problem::{Problem, whole_seconds};
use crate::types::client_info::{SHARES, network, wider_networks};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// A quota per client address, and larger ones for the networks around it.
pub struct RateLimit {
    limiter: Limiter<IpAddr>,
    /// By how many times the quota of one address a network has.
    wider: BTreeMap<u32, Limiter<IpNet>>,
    clock: DefaultClock,
    quota: NonZeroU32,
    policy: HeaderValue,
}

/// The remaining quota of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    requests: u32,
    /// Until the full quota is available again; if none remains, until the next request is.
    reset: Duration,
}

/// The quota is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitedError {
    /// When the next request is accepted.
    wait: Duration,
}

impl From<RateLimitedError> for Problem {
    fn from(error: RateLimitedError) -> Self {
        Self::too_many("rate-limited", "too many requests from this address", error.wait)
    }
}

impl RateLimit {
    /// Allows this many requests per minute; an idle client may send them all at once.
    pub fn new(per_minute: NonZeroU32) -> Self {
        let quota = |customers: u32| {
            let customers = NonZeroU32::new(customers).unwrap_or(NonZeroU32::MIN);
            Quota::per_minute(per_minute.saturating_mul(customers))
        };
        let wider = SHARES.map(|customers| {
            (
                customers,
                RateLimiter::dashmap(quota(customers)).with_middleware(),
            )
        });
        let policy = HeaderValue::from_str(&format!("\"address\";q={per_minute};w=60"));
        Self {
            limiter: RateLimiter::dashmap(quota(1)).with_middleware(),
            wider: BTreeMap::from(wider),
            clock: DefaultClock::default(),
            quota: per_minute,
            policy: policy.unwrap_or_else(|_| HeaderValue::from_static("")),
        }
    }

    /// Counts a request. IPv6 clients are counted by /64, the usual allocation to one customer. A network around it is
    /// counted only while its own quota is not used up, so that one client cannot use up its neighbours'.
    pub fn check(&self, address: IpAddr) -> Result<Remaining, RateLimitedError> {
        self.count_all(address, NonZeroU32::MIN)
    }

    /// Counts this many requests more for a request that was counted; `None`: it costs no more. The whole quota is the most that can
    /// be counted at once, and is all that one request can cost.
    pub fn charge(&self, address: IpAddr, more: u32) -> Option<Result<Remaining, RateLimitedError>> {
        let more = NonZeroU32::new(more.min(self.quota.get() - 1))?;
        Some(self.count_all(address, more))
    }

    fn count_all(&self, address: IpAddr, requests: NonZeroU32) -> Result<Remaining, RateLimitedError> {
        let mut left = self.count(&self.limiter, &network(address), requests)?;
        for (wider, customers) in wider_networks(address) {
            if let Some(limiter) = self.wider.get(&customers) {
                left = left.min(self.count(limiter, &wider, requests)?);
            }
        }
        let used = if left == 0 {
            1
        } else {
            self.quota.get().saturating_sub(left)
        };
        Ok(Remaining {
            requests: left,
            reset: Duration::from_secs(60) * used / self.quota.get(),
        })
    }

    fn count<K: Clone + Eq + Hash>(
        &self,
        limiter: &Limiter<K>,
        key: &K,
        requests: NonZeroU32,
    ) -> Result<u32, RateLimitedError> {
        // One request has a shorter way than several, and is what nearly every request costs.
        let counted = if requests == NonZeroU32::MIN {
            limiter.check_key(key)
        } else {
            // No more requests than the quota, so that its capacity suffices.
            let counted = limiter.check_key_n(key, requests);
            counted.map_err(|_| RateLimitedError {
                wait: Duration::from_secs(60),
            })?
        };
        match counted {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(not_until) => Err(RateLimitedError {
                wait: not_until.wait_time_from(self.clock.now()),
            }),
        }
    }

    /// Adds the quota and its remainder to a response. The reset of a rejected request is its `Retry-After`.
    pub fn write(&self, checked: &Result<Remaining, RateLimitedError>, headers: &mut HeaderMap) {
        let (requests, reset) = match checked {
            Ok(remaining) => (remaining.requests, remaining.reset),
            Err(limited) => (0, limited.wait),
        };
        let field = format!("\"address\";r={requests};t={}", whole_seconds(reset));
        if let Ok(value) = HeaderValue::from_str(&field) {
            headers.insert(HeaderName::from_static("ratelimit"), value);
        }
        headers.insert(HeaderName::from_static("ratelimit-policy"), self.policy.clone());
    }

    /// Drops addresses with a full quota, so that memory is bounded by the number of recently active clients.
    pub fn evict_idle(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
        for limiter in self.wider.values() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(quota: u32) -> RateLimit {
        RateLimit::new(NonZeroU32::new(quota).unwrap())
    }

    fn check(limit: &RateLimit, address: &str) -> Option<u32> {
        let checked = limit.check(address.parse().unwrap());
        checked.ok().map(|remaining| remaining.requests)
    }

    #[test]
    fn each_network_has_its_own_quota() {
        let limit = limit(2);
        assert_eq!(check(&limit, "2001:db8::1"), Some(1));
        assert_eq!(check(&limit, "2001:db8::2"), Some(0));
        assert_eq!(check(&limit, "2001:db8::3"), None);
        assert_eq!(check(&limit, "2001:db8:0:1::1"), Some(1));
        assert_eq!(check(&limit, "192.0.2.1"), Some(1));
        assert_eq!(check(&limit, "::ffff:192.0.2.1"), Some(0));
    }

    #[test]
    fn wider_networks_have_larger_quotas() {
        let limit = limit(2);
        let accepted = |address: &dyn Fn(u32) -> String, clients: u32| {
            let requests = (0..clients * 3).map(|number| check(&limit, &address(number / 3)));
            requests.filter(Option::is_some).count()
        };
        // On a stalled machine a request or two become available again meanwhile.
        let a_56 = accepted(&|n| format!("2001:db8:1:{n:x}::1"), 20);
        let a_48 = accepted(&|n| format!("2001:db8:2:{n:x}00::1"), 40);
        let a_24 = accepted(&|n| format!("192.0.2.{n}"), 40);
        assert!((8..=10).contains(&a_56) && (32..=36).contains(&a_48) && (32..=36).contains(&a_24));
        assert_eq!(accepted(&|n| format!("198.51.{n}.1"), 40), 80, "many of them");
    }

    #[test]
    fn one_client_does_not_use_up_the_quota_of_its_neighbours() {
        let limit = limit(2);
        for _ in 0..100 {
            check(&limit, "192.0.2.1");
        }
        assert_eq!(check(&limit, "192.0.2.2"), Some(1));
    }

    #[test]
    fn an_expensive_request_costs_several_and_at_most_the_whole_quota() {
        let limit = limit(100);
        let address = "192.0.2.1".parse().unwrap();
        assert_eq!(limit.check(address).unwrap().requests, 99);
        assert!(limit.charge(address, 0).is_none());
        assert_eq!(limit.charge(address, 40).unwrap().unwrap().requests, 59);
        let rejected = limit.charge(address, 70).unwrap().unwrap_err();
        assert!(rejected.wait > Duration::from_secs(5) && rejected.wait < Duration::from_secs(8));
        assert_eq!(
            limit.check(address).unwrap().requests,
            58,
            "a rejected cost is not counted"
        );
        let other = "198.51.100.1".parse().unwrap();
        limit.check(other).unwrap();
        assert_eq!(limit.charge(other, u32::MAX).unwrap().unwrap().requests, 0);
        assert!(
            super::RateLimit::new(NonZeroU32::MIN)
                .charge(other, 100)
                .is_none()
        );
    }

    #[test]
    fn the_reset_of_a_rejected_request_is_its_retry_after() {
        let limit = limit(6);
        let written = |checked: &Result<Remaining, RateLimitedError>| {
            let mut headers = HeaderMap::new();
            limit.write(checked, &mut headers);
            headers["ratelimit"].to_str().unwrap().to_owned()
        };
        let address = "192.0.2.1".parse().unwrap();
        let accepted: Vec<String> = (0..6).map(|_| written(&limit.check(address))).collect();
        assert_eq!(accepted[0], "\"address\";r=5;t=10");
        assert_eq!(accepted[4], "\"address\";r=1;t=50");
        assert_eq!(accepted[5], "\"address\";r=0;t=10");
        let rejected = limit.check(address);
        let problem = Problem::from(rejected.unwrap_err());
        let (name, retry_after) = &problem.headers[0];
        assert_eq!(name, http::header::RETRY_AFTER);
        let expected = format!("\"address\";r=0;t={}", retry_after.to_str().unwrap());
        assert_eq!(written(&rejected), expected);
    }
}
