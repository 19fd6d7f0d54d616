//! The waiver ledger `security/waivers.toml`: which findings are accepted, by whom, why, and until when.

mod entry;
pub mod violation;
mod ledger;
pub mod parse;
mod validate;
mod scope;
pub mod warnings;
mod ignore_files;
mod deny_toml;
mod sync_check;
mod tool_configs;
mod inline_ignores;
pub mod check;
pub mod command;

pub use entry::{FILE, Waiver};
pub use ledger::Ledger;
