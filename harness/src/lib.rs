//! Shared building blocks of the harness.

/// Cargo's JSON messages.
pub mod cargo_messages;

/// SHA-256.
pub mod checksum;

/// The wall clock.
pub mod clock;

/// What every command needs.
pub mod context;

/// How a command ends.
pub mod exit;

/// One HTTP request.
pub mod http_client;

/// Steps on the terminal.
pub mod output;

/// Ports on the loopback.
pub mod ports;

/// Child processes and signals.
pub mod process;

/// The environment.
pub mod settings;

/// Names, outcomes and counts of tests.
pub mod test_results;

/// The tree as git sees it.
pub mod worktree;
