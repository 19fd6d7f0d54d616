//! The waiver ledger `security/waivers.toml`: which findings are accepted, by whom, why, and until when.

/// One entry.
mod entry;

/// What is wrong with the ledger.
pub mod violation;

/// All entries.
mod ledger;

/// Reads it, entry by entry.
pub mod parse;

/// What is wrong with an entry.
mod validate;

/// How far an entry reaches.
mod scope;

/// What is to be told.
pub mod warnings;

/// The tools' own lists.
mod ignore_files;

/// The list in `deny.toml`.
mod deny_toml;

/// Lists that differ from the ledger.
mod sync_check;

/// Files that the ledger never writes.
mod tool_configs;

/// Ignores between the lines of a file.
mod inline_ignores;

/// All checks.
pub mod check;

/// `cargo xtask waivers`
pub mod command;

pub use entry::{FILE, Waiver};
pub use ledger::Ledger;
