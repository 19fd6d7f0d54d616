//! The growth of delays, as pure functions over counts.

use crate::db::throttles::CountRow;
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// How long a counter lives after its last attempt.
pub const COUNTER_TTL: TimeDelta = TimeDelta::hours(1);

/// How many attempts are free, and how the delays grow after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Attempts without a delay.
    pub free_attempts: i32,
    /// The delay after the first one beyond; it doubles with each further attempt.
    pub base_delay: Duration,
    /// The maximum delay.
    pub max_delay: Duration,
}

impl Rule {
    /// The rule for a network with the share of this many customers.
    pub fn shared_by(self, customers: u32) -> Self {
        let customers = i32::try_from(customers).unwrap_or(i32::MAX);
        Self {
            free_attempts: self.free_attempts.saturating_mul(customers),
            ..self
        }
    }

    /// The delay after this many attempts.
    pub fn delay(&self, count: i32) -> Duration {
        let beyond_free = count.saturating_sub(self.free_attempts);
        if beyond_free <= 0 {
            return Duration::ZERO;
        }
        let doublings = u32::try_from(beyond_free - 1).unwrap_or(0).min(31);
        self.base_delay.saturating_mul(1 << doublings).min(self.max_delay)
    }

    /// The count with one more attempt, or the remaining delay.
    pub fn admit(&self, row: &CountRow, now: DateTime<Utc>) -> Result<CountRow, Duration> {
        if let Some(left) = row.blocked_until.and_then(|until| (until - now).to_std().ok())
            && !left.is_zero()
        {
            // Bounded, in case the clock was set back.
            return Err(left.min(self.max_delay));
        }
        let is_expired = now - row.updated_at > COUNTER_TTL;
        let count = if is_expired {
            1
        } else {
            row.count.saturating_add(1)
        };
        let delay = self.delay(count);
        Ok(CountRow {
            key: row.key.clone(),
            count,
            blocked_until: (!delay.is_zero()).then(|| now + delay),
            updated_at: now,
        })
    }

    /// The count without one attempt.
    pub fn refund(&self, row: &CountRow) -> CountRow {
        let count = row.count.saturating_sub(1).max(0);
        CountRow {
            count,
            blocked_until: row.blocked_until.filter(|_| !self.delay(count).is_zero()),
            ..row.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::clock;

    const RULE: Rule = Rule {
        free_attempts: 5,
        base_delay: Duration::from_secs(1),
        max_delay: Duration::from_secs(900),
    };

    fn row(count: i32, blocked_until: Option<DateTime<Utc>>, updated_at: DateTime<Utc>) -> CountRow {
        CountRow {
            key: "k".into(),
            count,
            blocked_until,
            updated_at,
        }
    }

    #[test]
    fn delays_double_after_the_free_attempts_up_to_the_maximum() {
        let delays: Vec<u64> = (0..20).map(|count| RULE.delay(count).as_secs()).collect();
        assert_eq!(
            delays,
            [
                0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900
            ]
        );
        assert_eq!(RULE.delay(i32::MAX).as_secs(), 900);
    }

    #[test]
    fn a_rejected_attempt_gets_the_remaining_delay_and_is_not_counted() {
        let now = clock::now();
        let until = now + TimeDelta::milliseconds(1500);
        assert_eq!(
            RULE.admit(&row(7, Some(until), now), now),
            Err(Duration::from_millis(1500))
        );
        let next = RULE.admit(&row(7, Some(until), now), until).unwrap();
        assert_eq!(
            (next.count, next.blocked_until),
            (8, Some(until + TimeDelta::seconds(4)))
        );
    }

    #[test]
    fn a_count_expires_after_an_hour() {
        let now = clock::now();
        let count = |minutes| {
            let row = row(9, None, now - TimeDelta::minutes(minutes));
            RULE.admit(&row, now).unwrap().count
        };
        assert_eq!((count(59), count(61)), (10, 1));
    }

    #[test]
    fn a_refund_lifts_the_delay_that_the_attempt_caused() {
        let now = clock::now();
        let blocked = row(6, Some(now + TimeDelta::seconds(1)), now);
        let refunded = RULE.refund(&blocked);
        assert_eq!((refunded.count, refunded.blocked_until), (5, None));
        let far = row(8, blocked.blocked_until, now);
        assert_eq!(RULE.refund(&far).blocked_until, blocked.blocked_until);
        assert_eq!(RULE.refund(&row(0, None, now)).count, 0);
    }
}
