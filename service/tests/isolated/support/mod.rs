//! The fixtures of the `it` test binary, and those that only the isolated tests need.

#[expect(dead_code, reason = "the `it` test binary uses the remaining items")]
#[path = "../../it/support/mod.rs"]
mod it_support;

/// Vacuuming for index-only scans.
pub mod vacuum;

pub use it_support::*;
