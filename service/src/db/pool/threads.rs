//! The threads of a pool, which open its connections. r2d2 does not join them.

use scheduled_thread_pool::{OnPoolDropBehavior, ScheduledThreadPool};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What their names begin with.
const NAME: &str = "r2d2-worker-";

/// As many as r2d2 starts by default.
const NUMBER: usize = 3;

/// The threads of a new pool, which end when it is dropped. Those of r2d2's default would first wait for its next check of old
/// connections, for up to half a minute.
pub(super) fn start() -> Arc<ScheduledThreadPool> {
    let threads = ScheduledThreadPool::builder()
        .num_threads(NUMBER)
        .thread_name_pattern(&format!("{NAME}{{}}"))
        .on_drop_behavior(OnPoolDropBehavior::DiscardPendingScheduled)
        .build();
    Arc::new(threads)
}

/// Waits until the threads of closed pools have ended, up to `timeout`. Threads that end free their state of OpenSSL, and if the
/// process exits at that moment, which frees the rest, it crashes. Without `/proc` this returns at once.
pub fn await_threads(timeout: Duration) {
    let is_of_a_pool = |task: std::fs::DirEntry| {
        std::fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.starts_with(NAME))
    };
    let deadline = Instant::now() + timeout;
    while Instant::now() < deadline
        && std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.flatten().any(is_of_a_pool))
    {
        std::thread::sleep(Duration::from_millis(2));
    }
}
