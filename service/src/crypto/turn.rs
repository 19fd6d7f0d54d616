//! Work that gives way: at the lowest priority, and with a rest after each turn on a busy machine. Priority alone is not
//! enough: it counts within one group of the scheduler (a container, a session), never against a neighbour's.
use std::time::{Duration, Instant};

/// How many times as long as a thread waited for a processor it stays away from them: what is left to passwords while the
/// machine is full. On a machine with room nobody waits, and nobody rests.
const COURTESY: u32 = 4;

/// However long a thread was kept (many neighbours, a suspended machine), the next password must not wait longer: people
/// wait in a row.
const LONGEST: Duration = Duration::from_millis(50);

/// Gives this thread the lowest priority that still gets its turn on a machine that is full: the idle policy would not,
/// and whoever filled the machine with anything would keep everybody out. Where the system is not Linux the priority
/// would be the whole process's, and stays.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(19) {
        tracing::warn!(%error, "hashing keeps its priority");
    }
}

/// One turn of the thread that began it.
pub struct Turn {
    began: Instant,
    worked: Duration,
}

impl Turn {
    /// Now.
    pub fn begin() -> Self {
        Self {
            began: Instant::now(),
            worked: worked(),
        }
    }

    /// How long to rest after what was done since it began.
    pub fn rest(&self) -> Duration {
        courtesy(self.began.elapsed(), worked().saturating_sub(self.worked))
    }
}

fn courtesy(took: Duration, worked: Duration) -> Duration {
    (took.saturating_sub(worked) * COURTESY).min(LONGEST)
}

/// What this thread has had of the processors.
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Turn, courtesy, give_way, worked};
    use std::time::Duration;

    const TURN: Duration = Duration::from_millis(20);

    #[test]
    fn who_never_waited_never_rests() {
        assert_eq!(courtesy(TURN, TURN), Duration::ZERO);
        assert_eq!(courtesy(TURN, TURN * 2), Duration::ZERO, "clocks need not agree");
    }

    #[test]
    fn who_waited_rests_longer_than_it_waited_but_not_for_ever() {
        assert_eq!(courtesy(TURN + TURN / 2, TURN), TURN * 2);
        assert_eq!(courtesy(Duration::from_secs(3600), TURN), LONGEST);
    }

    #[test]
    fn work_is_told_from_waiting() {
        let turn = Turn::begin();
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(turn.rest(), LONGEST);
        let before = worked();
        while worked() - before < TURN {
            let long = turn.began.elapsed() > Duration::from_secs(20);
            assert!(!long, "its work is not counted");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_thread_has_the_lowest_priority() {
        give_way();
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        assert_eq!(after_name.split_whitespace().nth(16), Some("19"));
    }
}
