//! Where the gate's planted defects are: files that are wrong on purpose, which only the gate may look at.

/// Below the repository's root.
pub const FOLDER: &str = "xtask/canaries/";
