//! Names, outcomes and counts of tests.

/// How many passed, failed and were skipped.
pub mod counts;

/// Names and outcomes from libtest's output.
pub mod libtest;

/// The record of a whole test run.
pub mod record;
