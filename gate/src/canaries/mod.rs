//! Where the gate's planted defects are: files that are wrong on purpose, which only the gate reads.

/// Settings of a planted crate.
pub mod canary_crate;

/// Secrets to plant.
pub mod secrets;

/// Below the repository's root.
pub const FOLDER: &str = "gate/canaries/";
