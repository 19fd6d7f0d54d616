//! The waiver ledger `security/waivers.toml`: which findings are accepted, by whom, why, and until when.

/// One entry.
mod entry;

/// What is wrong with the ledger.
pub mod fault;

/// All entries.
mod ledger;

/// Reads it, entry by entry.
pub mod parse;

/// What is wrong with an entry.
mod faults;

/// How far an entry reaches.
mod reach;

/// What is to be told.
pub mod told;

/// The tools' own lists.
mod lists;

/// The list in `deny.toml`.
mod deny;

/// What `deny.toml` says beside its list.
mod deny_settings;

/// Lists that differ from the ledger.
mod drift;

/// Files that the ledger never writes.
mod foreign;

/// Ignores between the lines of a file.
mod inline;

/// All checks.
pub mod check;

/// `cargo xtask waivers`
pub mod command;

pub use entry::{FILE, Waiver};
pub use ledger::Ledger;
