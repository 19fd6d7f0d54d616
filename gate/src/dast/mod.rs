//! Dynamic scans: of a running service, or of one that is bad on purpose.

mod bad_server;
mod crawler;
pub mod headers;
mod openapi;
mod probes;
pub mod schemathesis;
mod target;
pub mod wapiti;
pub mod zap;

use crate::config::Config;

/// Whether a file of the tree changes what a scan of the service finds.
pub fn matters(config: &Config, path: &str) -> bool {
    let mut folders = config.target.iter().flat_map(|target| &target.inputs);
    folders.any(|folder| path.starts_with(folder.as_str()))
        || path.ends_with("Cargo.lock")
        || path == "Cargo.toml"
}
