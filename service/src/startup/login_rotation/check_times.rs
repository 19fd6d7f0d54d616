//! When suspected credentials of a login are checked: the first time at once, then at growing intervals.

use std::time::{Duration, Instant};

/// The first time between two checks.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// The longest one.
const MAX_INTERVAL: Duration = Duration::from_secs(30);

/// The times of the checks of one login.
pub struct CheckTimes {
    /// No check is made before.
    earliest: Instant,
    /// From a check that confirmed nothing to the next one.
    interval: Duration,
    /// When the requested check is made.
    due: Option<Instant>,
}

impl CheckTimes {
    /// A check may be made at once.
    pub fn new(now: Instant) -> Self {
        Self {
            earliest: now,
            interval: MIN_INTERVAL,
            due: None,
        }
    }

    /// When the requested check is made. `None`: no check is requested.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Requests a check: at once if that is allowed. Returns whether it is made soon.
    pub fn request(&mut self, now: Instant) -> bool {
        if now > self.earliest + self.interval {
            self.interval = MIN_INTERVAL;
        }
        self.due.get_or_insert(self.earliest.max(now));
        self.earliest <= now + MIN_INTERVAL
    }

    /// The requested check is being made.
    pub fn begin(&mut self) {
        self.due = None;
    }

    /// The check confirmed the suspicion, and other credentials follow.
    pub fn confirmed(&mut self, now: Instant) {
        self.earliest = now + MIN_INTERVAL;
        self.interval = MIN_INTERVAL;
    }

    /// No other credentials follow from the check: the next ones become rarer.
    pub fn repeat_later(&mut self, now: Instant) {
        self.earliest = now + self.interval;
        self.interval = (self.interval * 2).min(MAX_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests a check at a time, makes it when it is due, and returns how long it was delayed and whether that is soon.
    fn check(times: &mut CheckTimes, now: Instant) -> (Duration, bool, Instant) {
        let is_soon = times.request(now);
        let due = times.due().unwrap();
        times.begin();
        assert_eq!(times.due(), None);
        (due - now, is_soon, due)
    }

    #[test]
    fn checks_that_confirm_nothing_become_rarer() {
        let mut now = Instant::now();
        let mut times = CheckTimes::new(now);
        let mut delays = Vec::new();
        for _ in 0..8 {
            let (delay, is_soon, due) = check(&mut times, now);
            delays.push((delay.as_secs(), is_soon));
            times.repeat_later(due);
            now = due;
        }
        let expected = [
            (0, true),
            (1, true),
            (2, false),
            (4, false),
            (8, false),
            (16, false),
            (30, false),
            (30, false),
        ];
        assert_eq!(delays, expected);
    }

    #[test]
    fn a_check_after_a_quiet_time_or_a_confirmed_suspicion_is_made_soon() {
        let start = Instant::now();
        let mut times = CheckTimes::new(start);
        for _ in 0..5 {
            times.repeat_later(start);
        }
        let later = start + Duration::from_secs(120);
        assert_eq!(check(&mut times, later).0, Duration::ZERO);
        times.repeat_later(later);
        assert_eq!(check(&mut times, later).0, MIN_INTERVAL);

        for _ in 0..5 {
            times.repeat_later(later);
        }
        times.confirmed(later);
        let (delay, is_soon, _) = check(&mut times, later);
        assert_eq!((delay, is_soon), (MIN_INTERVAL, true));
    }

    #[test]
    fn a_second_request_does_not_postpone_a_check() {
        let now = Instant::now();
        let mut times = CheckTimes::new(now);
        times.request(now);
        times.request(now + Duration::from_secs(5));
        assert_eq!(times.due(), Some(now));
    }
}
