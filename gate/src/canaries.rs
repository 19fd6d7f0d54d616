//! Where the gate's planted defects are: files that are wrong on purpose, which only the gate reads.

/// Below the repository's root.
pub const FOLDER: &str = "gate/canaries/";
