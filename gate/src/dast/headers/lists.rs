//! The lists of the OWASP Secure Headers Project: headers to send, browser features to disable, headers to remove.

pub const SOURCE: &str = "OWASP Secure Headers Project: headers_add.json, headers_remove.json";

/// When OWASP last changed the lists.
pub const DATE: &str = "2026-07-19";

/// Headers with one accepted value.
pub const EXACT: [(&str, &str); 8] = [
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-dns-prefetch-control", "off"),
    ("x-frame-options", "deny"),
    ("x-permitted-cross-domain-policies", "none"),
];

/// Features that `Permissions-Policy` disables; `sync-xhr` may be `(self)`.
pub fn features() -> impl Iterator<Item = &'static str> {
    include_str!("features.txt").lines()
}

/// Headers that reveal software or its version.
pub fn revealing() -> impl Iterator<Item = &'static str> {
    include_str!("remove.txt").lines()
}
