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

/// Whether a file of the tree changes what a scan of the service sees.
pub fn matters(path: &str) -> bool {
    let folders = ["service/", "migrations/", "demo/", "private-postgres/"];
    folders.iter().any(|folder| path.starts_with(folder))
        || path.ends_with("Cargo.lock")
        || path == "Cargo.toml"
}
