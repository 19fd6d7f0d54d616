//! The waiver ledger `security/waivers.toml`: which findings are accepted, by whom, why, and until when.

pub mod check;
pub mod command;
mod deny_toml;
mod entry;
mod ignore_files;
mod inline_ignores;
mod ledger;
mod scope;
mod sync_check;
mod tool_configs;
mod validate;
pub mod violation;
pub mod warnings;

pub use entry::{FILE, Waiver};
pub use ledger::Ledger;
#[cfg(test)]
pub use ledger::sample_entry;
