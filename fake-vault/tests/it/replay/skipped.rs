//! The entries that are not replayed, by id or group, and why.

use crate::replay::transcript::Entry;

/// Ids and groups.
pub const SKIPPED: &[(&str, &str)] = &[
    ("help", "help texts are not modelled"),
    (
        "no-active",
        "the recording itself varies by the moment at which the active node died",
    ),
    (
        "standby/health-uninitialised",
        "the second node has always joined",
    ),
    ("standby/join", "the second node has always joined"),
    ("standby/health-sealed", "the second node has always joined"),
    ("namespace/create", "namespaces are not modelled"),
    ("namespace/list", "namespaces are not modelled"),
    ("namespace/read", "namespaces are not modelled"),
    ("namespace/missing", "namespaces are not modelled"),
    ("namespace/header", "namespaces are not modelled"),
    ("namespace/path", "namespaces are not modelled"),
    ("namespace/token-elsewhere", "namespaces are not modelled"),
    ("namespace/denied", "namespaces are not modelled"),
    ("namespace/token", "namespaces are not modelled"),
    ("namespace/token-outside", "namespaces are not modelled"),
    (
        "bad-body/large",
        "the limit of a stored value belongs to raft, and the size in the text is not explained",
    ),
];

/// Entries that quote a message of PostgreSQL whose text other major versions than the recorded one have changed.
const ONLY_POSTGRES_15: &[&str] = &["creds/forbidden", "static/role-no-statement"];

/// Why the entry is not replayed with this PostgreSQL.
pub fn reason(entry: &Entry, postgres_major: u32) -> Option<&'static str> {
    if ONLY_POSTGRES_15.contains(&entry.id.as_str()) && postgres_major != 15 {
        return Some("this message of PostgreSQL differs between major versions; the recorded one is 15");
    }
    let named = SKIPPED
        .iter()
        .find(|(name, _)| entry.id == *name || entry.group == *name);
    named.map(|(_, reason)| *reason)
}
