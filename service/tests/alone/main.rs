//! Measurements: tests that want the machine, or the server, for themselves. Cargo runs one test program after the other, and in this one
//! a lock lets one test run at a time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

#[expect(dead_code, reason = "the other test program uses the rest")]
#[path = "../it/support/mod.rs"]
mod support;

mod hashing;
mod plan;
mod timing;
mod users_plan;
mod vacuum;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Serialises the tests of this program.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
