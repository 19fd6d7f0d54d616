//! How waits grow: pure functions over counts.
use crate::db::throttles::CountRow;
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// Counts that nobody has added to for this long are as good as none.
pub const COUNTER_TTL: TimeDelta = TimeDelta::hours(1);

/// How many tries are free, and how long the waits are behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Tries that cost nothing.
    pub free_attempts: i32,
    /// The wait after the first one that does; each next one is twice as long.
    pub base_delay: Duration,
    /// No wait is longer.
    pub max_delay: Duration,
}

impl Rule {
    /// The wait behind so many tries.
    pub fn wait(&self, count: i32) -> Duration {
        let beyond = count.saturating_sub(self.free_attempts);
        if beyond <= 0 {
            return Duration::ZERO;
        }
        let doublings = u32::try_from(beyond - 1).unwrap_or(0).min(31);
        self.base_delay.saturating_mul(1 << doublings).min(self.max_delay)
    }

    /// One more try: the count with it, or how long is still to be waited.
    pub fn admit(&self, row: &CountRow, now: DateTime<Utc>) -> Result<CountRow, Duration> {
        if let Some(left) = row.blocked_until.and_then(|until| (until - now).to_std().ok())
            && !left.is_zero()
        {
            // Nobody waits longer than that, even when the clock was set back.
            return Err(left.min(self.max_delay));
        }
        let old = now - row.updated_at > COUNTER_TTL;
        let count = if old { 1 } else { row.count.saturating_add(1) };
        let wait = self.wait(count);
        Ok(CountRow {
            key: row.key.clone(),
            count,
            blocked_until: (!wait.is_zero()).then(|| now + wait),
            updated_at: now,
        })
    }

    /// The count without a try that was none.
    pub fn refund(&self, row: &CountRow) -> CountRow {
        let count = row.count.saturating_sub(1).max(0);
        CountRow {
            count,
            blocked_until: row.blocked_until.filter(|_| !self.wait(count).is_zero()),
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
    fn waits_double_from_the_first_that_is_not_free_and_have_an_end() {
        let waits: Vec<u64> = (0..20).map(|count| RULE.wait(count).as_secs()).collect();
        assert_eq!(
            waits,
            [
                0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900
            ]
        );
        assert_eq!(RULE.wait(i32::MAX).as_secs(), 900);
    }

    #[test]
    fn who_must_wait_is_told_how_long_and_is_not_counted() {
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
    fn a_count_is_forgotten_after_an_hour_and_not_before() {
        let now = clock::now();
        let count = |minutes| {
            let row = row(9, None, now - TimeDelta::minutes(minutes));
            RULE.admit(&row, now).unwrap().count
        };
        assert_eq!((count(59), count(61)), (10, 1));
    }

    #[test]
    fn what_is_forgiven_blocks_nobody() {
        let now = clock::now();
        let blocked = row(6, Some(now + TimeDelta::seconds(1)), now);
        let forgiven = RULE.refund(&blocked);
        assert_eq!((forgiven.count, forgiven.blocked_until), (5, None));
        let far = row(8, blocked.blocked_until, now);
        assert_eq!(RULE.refund(&far).blocked_until, blocked.blocked_until);
        assert_eq!(RULE.refund(&row(0, None, now)).count, 0);
    }
}
