//! What planted defects get that no repository should hold.

/// Settings of a planted crate.
pub mod canary_crate;

/// Secrets to plant.
pub mod secrets;
