//! Names, outcomes and counts of tests, and what a test prints that cannot run here.

pub mod counts;
pub mod ignored;
pub mod libtest;
pub mod record;
