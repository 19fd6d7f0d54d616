//! Leases of database logins.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock;

/// After so many failed revocations the server gives up.
const MAX_ATTEMPTS: u32 = 6;
/// The pause after the first failed revocation; it doubles each time.
const FIRST_RETRY: i64 = 10;

/// One lease.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Lease {
    pub(crate) id: String,
    /// The path that issued it.
    pub(crate) path: String,
    pub(crate) mount: String,
    pub(crate) role: String,
    pub(crate) username: String,
    /// The token that it ends with; none for a batch token, which limits it instead.
    pub(crate) token: Option<String>,
    pub(crate) batch_end: Option<DateTime<Utc>>,
    pub(crate) issued: DateTime<Utc>,
    pub(crate) expires: DateTime<Utc>,
    pub(crate) last_renewal: Option<DateTime<Utc>>,
    pub(crate) default_ttl: i64,
    pub(crate) max_ttl: i64,
    attempts: u32,
    next_attempt: DateTime<Utc>,
    pub(crate) revoke_error: Option<String>,
}

impl Lease {
    /// A lease that begins now.
    pub(crate) fn new(id: String, path: String, now: DateTime<Utc>, ttl: i64) -> Lease {
        Lease {
            id,
            path,
            mount: String::new(),
            role: String::new(),
            username: String::new(),
            token: None,
            batch_end: None,
            issued: now,
            expires: now + TimeDelta::seconds(ttl),
            last_renewal: None,
            default_ttl: ttl,
            max_ttl: ttl,
            attempts: 0,
            next_attempt: now,
            revoke_error: None,
        }
    }

    pub(crate) fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires <= now
    }

    /// Whether the server has given up revoking it.
    pub(crate) fn is_irrevocable(&self) -> bool {
        self.attempts >= MAX_ATTEMPTS
    }

    fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.is_expired(now) && self.next_attempt <= now && !self.is_irrevocable()
    }

    /// Ends it now; it is revoked in the background.
    pub(crate) fn end(&mut self, now: DateTime<Utc>) {
        self.expires = self.expires.min(now);
        self.next_attempt = self.next_attempt.min(now);
    }

    /// What a look-up answers.
    pub(crate) fn details(&self, now: DateTime<Utc>) -> Value {
        let mut data = json!({
            "expire_time": clock::nanoseconds(self.expires),
            "id": self.id,
            "issue_time": clock::nanoseconds(self.issued),
            "last_renewal": self.last_renewal.map(clock::nanoseconds),
            "path": self.path,
            "renewable": !self.is_expired(now),
            "ttl": (self.expires - now).num_seconds(),
        });
        if let Some(error) = self.revoke_error.as_ref().filter(|_| self.is_irrevocable()) {
            data["revoke_error"] = json!(error);
        }
        data
    }
}

/// All leases.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Leases {
    by_id: BTreeMap<String, Lease>,
}

impl Leases {
    pub(crate) fn insert(&mut self, lease: Lease) {
        self.by_id.insert(lease.id.clone(), lease);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Lease> {
        self.by_id.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Lease> {
        self.by_id.get_mut(id)
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.by_id.remove(id);
    }

    /// The leases that a path issued, or all below it.
    pub(crate) fn below(&self, prefix: &str) -> Vec<Lease> {
        let prefix = format!("{}/", prefix.trim_end_matches('/'));
        let below = self.by_id.values().filter(|lease| lease.id.starts_with(&prefix));
        below.cloned().collect()
    }

    /// The leases that the server has given up revoking.
    pub(crate) fn irrevocable(&self) -> Vec<&Lease> {
        self.by_id
            .values()
            .filter(|lease| lease.is_irrevocable())
            .collect()
    }

    /// Ends the leases of these tokens.
    pub(crate) fn end_of_tokens(&mut self, tokens: &[String], now: DateTime<Utc>) {
        let of_token = |lease: &&mut Lease| lease.token.as_ref().is_some_and(|token| tokens.contains(token));
        self.by_id
            .values_mut()
            .filter(of_token)
            .for_each(|lease| lease.end(now));
    }

    /// The leases to revoke now.
    pub(crate) fn due(&self, now: DateTime<Utc>) -> Vec<Lease> {
        self.by_id
            .values()
            .filter(|lease| lease.is_due(now))
            .cloned()
            .collect()
    }

    /// Notes that a revocation in the background failed.
    pub(crate) fn failed(&mut self, id: &str, error: String, now: DateTime<Utc>) {
        if let Some(lease) = self.by_id.get_mut(id) {
            lease.next_attempt = now + TimeDelta::seconds(FIRST_RETRY << lease.attempts);
            lease.attempts += 1;
            lease.revoke_error = Some(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_failed_revocations_make_a_lease_irrevocable() {
        let mut now = clock::wall_clock();
        let mut leases = Leases::default();
        leases.insert(Lease::new("a/b".to_owned(), "a".to_owned(), now, 0));
        for attempt in 0..6 {
            assert_eq!(leases.due(now).len(), 1, "{attempt}");
            leases.failed("a/b", "refused".to_owned(), now);
            assert_eq!(leases.due(now).len(), 0, "{attempt}");
            now += TimeDelta::minutes(10);
        }
        assert_eq!(leases.irrevocable().len(), 1);
        assert_eq!(leases.get("a/b").unwrap().details(now)["revoke_error"], "refused");
    }
}
