//! Shared building blocks of the harness.

pub mod cargo_messages;
pub mod checksum;
pub mod clock;
pub mod context;
pub mod exit;
pub mod http_client;
pub mod json_file;
pub mod output;
pub mod ports;
pub mod process;
pub mod release_tags;
pub mod settings;
pub mod test_results;
pub mod worktree;
