//! Rate-limit quotas: so many requests on a path in an interval.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One quota.
#[derive(Serialize, Deserialize)]
pub(crate) struct Quota {
    pub(crate) path: String,
    rate: i64,
    interval: i64,
    /// Of the login method at the path, if it is for one alone.
    role: String,
    started: DateTime<Utc>,
    used: i64,
}

/// What a request finds at its quota.
pub(crate) struct Usage {
    pub(crate) limit: i64,
    pub(crate) remaining: i64,
    /// Seconds until the interval ends.
    pub(crate) reset: i64,
    pub(crate) is_exceeded: bool,
}

impl Quota {
    pub(crate) fn new(path: String, role: String, rate: i64, interval: i64, now: DateTime<Utc>) -> Quota {
        Quota {
            path,
            rate,
            interval,
            role,
            started: now,
            used: 0,
        }
    }

    pub(crate) fn fields(&self, name: &str) -> Value {
        json!({
            "block_interval": 0,
            "inheritable": false,
            "interval": self.interval,
            "name": name,
            "path": self.path,
            "rate": self.rate,
            "role": self.role,
            "type": "rate-limit",
        })
    }

    fn count(&mut self, now: DateTime<Utc>) -> Usage {
        let end = self.started + TimeDelta::seconds(self.interval);
        if now >= end || now < self.started {
            self.started = now;
            self.used = 0;
        }
        let end = self.started + TimeDelta::seconds(self.interval);
        let is_exceeded = self.used >= self.rate;
        self.used = self.rate.min(self.used + 1);
        Usage {
            limit: self.rate,
            remaining: self.rate - self.used,
            reset: (end - now).num_milliseconds().div_euclid(1000) + 1,
            is_exceeded,
        }
    }
}

/// All quotas by name.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Quotas {
    pub(crate) by_name: BTreeMap<String, Quota>,
    pub(crate) sends_headers: bool,
}

impl Quotas {
    /// Counts a request at the quota with the longest matching path.
    pub(crate) fn count(&mut self, path: &str, now: DateTime<Utc>) -> Option<Usage> {
        let is_in = |quota: &&mut Quota| {
            let below = path.strip_prefix(quota.path.trim_end_matches('/'));
            below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
        };
        let matching = self.by_name.values_mut().filter(is_in);
        Some(matching.max_by_key(|quota| quota.path.len())?.count(now))
    }
}
