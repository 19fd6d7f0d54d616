//! Demo data for a freight-rates service: real ports, invented prices, the same bytes on every run.
//!
//! ```
//! let mut dump = Vec::new();
//! demo::write_dump(&mut dump)?;
//! assert!(dump.starts_with(b"--\n-- PostgreSQL database dump\n--\n"));
//! # Ok::<(), std::io::Error>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

/// Deterministic pseudo-random numbers.
mod random;

/// Calendar days, counted from 2021-01-01.
mod calendar;

/// The region tree.
mod regions;

/// The ports, each with its region and its distance from the hub of its sea.
mod ports;

/// Which routes have offers, how many and at which price.
mod market;

/// The data as a plain PostgreSQL dump.
mod dump;

/// Any number of prices as CSV, for measurements.
mod bulk;

pub use bulk::Bulk;
pub use calendar::day_text;
pub use dump::{write_dump, write_places_dump};
pub use market::routes;
pub use ports::{Port, Sea, ports};
pub use regions::{Region, regions};

/// Writes `prices` rows of CSV (`orig_code,dest_code,day,price`, with a header) in day order. [`Bulk`] defines the
/// routes and days that they cover.
pub fn write_prices_csv(out: &mut impl std::io::Write, prices: u64) -> std::io::Result<()> {
    Bulk::of(prices).write_csv(out)
}
