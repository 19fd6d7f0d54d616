//! Names, outcomes and counts of tests.

pub mod counts;
pub mod libtest;
pub mod record;
