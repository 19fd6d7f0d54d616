//! What gates need that look at a running service: one to look at, good or bad, and people who are signed in.

/// Bad on purpose.
pub mod bad_server;

/// The service that is looked at.
pub mod live;

/// What it says that it can do.
pub mod document;

/// A browser's part.
pub mod visitor;

/// OWASP's lists of headers.
pub mod header_lists;

/// Rules over headers.
pub mod secure_headers;

/// What is asked to see every status.
pub mod questions;

/// What schemathesis writes.
pub mod schemathesis;

/// What wapiti writes.
pub mod wapiti;

/// ZAP's plan.
pub mod zap_plan;

/// What ZAP says.
pub mod zap;

/// Whether a file of the tree changes what a scan of the service sees.
#[must_use]
pub fn matters(path: &str) -> bool {
    let folders = ["service/", "migrations/", "demo/", "private-postgres/"];
    folders.iter().any(|folder| path.starts_with(folder))
        || path.ends_with("Cargo.lock")
        || path == "Cargo.toml"
}
