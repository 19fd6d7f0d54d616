//! Dynamic scans, of the running service or of a server that is insecure on purpose.

mod bad_server;
pub mod clients;
mod crawler;
pub mod headers;
mod openapi;
mod probes;
pub mod schemathesis;
pub mod target;
pub mod wapiti;
pub mod zap;

use crate::config::Config;

/// The canary of every dynamic scan.
const CANARY: Option<&str> = Some("bad-server");

/// Whether a file of the tree affects the result of a dynamic scan.
fn is_input(config: &Config, path: &str) -> bool {
    let mut folders = config.target.iter().flat_map(|target| &target.inputs);
    folders.any(|folder| path.starts_with(folder.as_str()))
        || path.ends_with("Cargo.lock")
        || path == "Cargo.toml"
}
