//! User lockout: too many failed logins of one name lock it for a while.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

const MAX_FAILURES: u32 = 5;
const LOCK_TTL: TimeDelta = TimeDelta::minutes(15);

/// The failed logins at one mount.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Lockout {
    pub(crate) is_disabled: bool,
    failures: BTreeMap<String, (u32, DateTime<Utc>)>,
}

impl Lockout {
    pub(crate) fn is_locked(&self, name: &str, now: DateTime<Utc>) -> bool {
        let locked = |(count, last): &(u32, DateTime<Utc>)| *count >= MAX_FAILURES && now - *last < LOCK_TTL;
        !self.is_disabled && self.failures.get(name).is_some_and(locked)
    }

    pub(crate) fn failed(&mut self, name: &str, now: DateTime<Utc>) {
        let (count, last) = self.failures.entry(name.to_owned()).or_insert((0, now));
        *count = if now - *last < LOCK_TTL { *count + 1 } else { 1 };
        *last = now;
    }

    pub(crate) fn succeeded(&mut self, name: &str) {
        self.failures.remove(name);
    }

    /// The names that are locked.
    pub(crate) fn locked(&self, now: DateTime<Utc>) -> Vec<&String> {
        self.failures
            .keys()
            .filter(|name| self.is_locked(name, now))
            .collect()
    }
}
