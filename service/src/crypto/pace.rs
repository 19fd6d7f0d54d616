//! How quickly a queue moves on, and when whoever found no room in it may come again.
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Nobody is sent away for longer.
const LONGEST: Duration = Duration::from_secs(60);

/// How long a turn takes of late, in microseconds; nothing before the first.
#[derive(Debug, Default)]
pub struct Pace(AtomicU64);

impl Pace {
    /// A turn took this long, with the rest after it. The last few count the most.
    pub fn took(&self, turn: Duration) {
        let turn = u64::try_from(turn.as_micros()).unwrap_or(u64::MAX);
        let lately = |known: u64| match known {
            0 => turn,
            known => known - known / 4 + turn / 4,
        };
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |known| Some(lately(known)));
    }

    /// When to come again with so many turns before one's own, of which `side_by_side` go on at the same time. Once they are
    /// through at the earliest, and at any time within as long again: those who were sent away together would find no room
    /// together.
    pub fn come_again(&self, before: usize, side_by_side: usize) -> Duration {
        let turn = Duration::from_micros(self.0.load(Ordering::Relaxed));
        let turns = u32::try_from(before.div_ceil(side_by_side.max(1))).unwrap_or(u32::MAX);
        spread(turn.saturating_mul(turns).min(LONGEST / 2), rand::random())
    }
}

fn spread(through: Duration, luck: f64) -> Duration {
    through + through.mul_f64(luck)
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Pace, spread};
    use std::time::Duration;

    const TURN: Duration = Duration::from_millis(40);

    #[test]
    fn the_last_turns_count_the_most() {
        let pace = Pace::default();
        pace.took(TURN);
        for _ in 0..20 {
            pace.took(TURN / 2);
        }
        let lately = Duration::from_micros(pace.0.into_inner());
        assert!(lately.abs_diff(TURN / 2) < TURN / 100, "{lately:?}");
    }

    #[test]
    fn nobody_comes_before_there_can_be_room_nor_much_later() {
        let pace = Pace::default();
        assert_eq!(pace.come_again(65, 1), Duration::ZERO, "nothing is known");
        pace.took(TURN);
        for (before, side_by_side, through) in
            [(65, 1, TURN * 65), (65, 4, TURN * 17), (0, 0, Duration::ZERO)]
        {
            let again = pace.come_again(before, side_by_side);
            assert!((through..=through * 2).contains(&again), "{before}: {again:?}");
        }
    }

    #[test]
    fn those_who_were_sent_away_together_do_not_come_back_together() {
        assert_eq!([spread(TURN, 0.0), spread(TURN, 0.5)], [TURN, TURN + TURN / 2]);
    }

    #[test]
    fn nobody_is_sent_away_for_ever() {
        let pace = Pace::default();
        pace.took(Duration::MAX);
        pace.took(Duration::MAX);
        assert!(pace.come_again(usize::MAX, 1) <= LONGEST);
    }
}
