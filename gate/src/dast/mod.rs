//! Dynamic scans: of a running service, or of one that is bad on purpose.

/// A server that is bad on purpose.
mod bad_server;

/// Follows links and submits forms.
mod crawler;

/// Gate `headers`.
pub mod headers;

/// The OpenAPI document.
mod openapi;

/// Requests that provoke every status.
mod probes;

/// Gate `schemathesis`.
pub mod schemathesis;

/// The service to attack.
mod target;

/// Gate `wapiti`.
pub mod wapiti;

/// Gate `zap`.
pub mod zap;

/// Whether a file of the tree changes what a scan of the service sees.
pub fn matters(path: &str) -> bool {
    let folders = ["service/", "migrations/", "demo/", "private-postgres/"];
    folders.iter().any(|folder| path.starts_with(folder))
        || path.ends_with("Cargo.lock")
        || path == "Cargo.toml"
}
