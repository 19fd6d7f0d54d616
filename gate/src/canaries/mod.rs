//! Prepares planted defects: adds what no repository should hold.

pub mod canary_crate;
pub mod git;
pub mod secrets;
