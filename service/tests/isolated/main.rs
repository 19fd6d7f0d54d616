//! Tests that need the machine, the process or the database server to themselves: latency, memory, query plans, threads. Cargo
//! runs the test binaries one after the other, and within this one a lock serialises the tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic on the first unexpected result"
)]

mod support;

mod hashing;
mod login_timing;
#[cfg(target_os = "linux")]
mod pool_threads;
mod rates_plan;
mod users_plan;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Serialises the tests of this binary.
fn exclusive() -> MutexGuard<'static, ()> {
    static EXCLUSIVE: Mutex<()> = Mutex::new(());
    EXCLUSIVE.lock().unwrap_or_else(PoisonError::into_inner)
}
