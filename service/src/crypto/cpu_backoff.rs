//! Keeps CPU-heavy threads from slowing down the rest of the machine: lowest priority, plus a pause after each job that
//! grows with CPU contention. Priority alone is not enough: the Linux scheduler applies it only within one group (a
//! container, a login session), not between groups.

use std::time::{Duration, Instant};

/// After each job the thread sleeps this many times the measured run-queue delay. Without contention the delay is zero,
/// and so is the pause.
const BACKOFF_FACTOR: u32 = 4;

/// Upper limit of a pause, so that neither an overloaded machine nor a suspended one stalls the queue.
const MAX_BACKOFF: Duration = Duration::from_millis(50);

/// Sets the calling thread's nice value to 19, whatever the process has. `SCHED_IDLE` would be lower still, but a fully loaded
/// machine could then starve all logins. Other systems than Linux apply nice values to the whole process, so there the priority
/// stays.
pub fn lower_thread_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        tracing::warn!(%error, "hashing threads keep the default priority");
    }
}

/// Measures one job of the calling thread.
pub struct JobTimer {
    started: Instant,
    cpu_time: Duration,
}

impl JobTimer {
    /// Starts measuring.
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
            cpu_time: thread_cpu_time(),
        }
    }

    /// How long to pause after the job.
    pub fn backoff(&self) -> Duration {
        backoff(
            self.started.elapsed(),
            thread_cpu_time().saturating_sub(self.cpu_time),
        )
    }
}

fn backoff(wall_time: Duration, cpu_time: Duration) -> Duration {
    (wall_time.saturating_sub(cpu_time) * BACKOFF_FACTOR).min(MAX_BACKOFF)
}

fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{JobTimer, MAX_BACKOFF, backoff, lower_thread_priority, thread_cpu_time};
    use std::time::Duration;

    const JOB: Duration = Duration::from_millis(20);

    #[test]
    fn without_contention_there_is_no_pause() {
        assert_eq!(backoff(JOB, JOB), Duration::ZERO);
        assert_eq!(
            backoff(JOB, JOB * 2),
            Duration::ZERO,
            "the two clocks may disagree"
        );
    }

    #[test]
    fn contention_causes_a_longer_but_bounded_pause() {
        assert_eq!(backoff(JOB + JOB / 2, JOB), JOB * 2);
        assert_eq!(backoff(Duration::from_secs(3600), JOB), MAX_BACKOFF);
    }

    #[test]
    fn only_time_without_the_cpu_counts_as_contention() {
        let timer = JobTimer::start();
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(timer.backoff(), MAX_BACKOFF);
        let before = thread_cpu_time();
        while thread_cpu_time() - before < JOB {
            let too_long = timer.started.elapsed() > Duration::from_secs(20);
            assert!(!too_long, "CPU time is not counted");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_thread_gets_the_lowest_priority() {
        lower_thread_priority();
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        assert_eq!(after_name.split_whitespace().nth(16), Some("19"));
    }
}
