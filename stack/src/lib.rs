//! PostgreSQL, accounts, data and the service on this machine, and the commands that run them.

/// The demo accounts.
pub mod accounts;

/// A browser for the features.
pub mod browser;

/// `up`, `down`, `test`, `bdd`.
pub mod commands;

/// PostgreSQL, data and service in one piece.
pub mod local_stack;

/// The end of a log.
pub mod log_tail;

/// Secrets in logs.
pub mod log_secret_scan;

/// Where a stack keeps its files.
pub mod paths;

/// Which PostgreSQL.
pub mod postgres;

/// The service's program and its settings.
pub mod service;

/// The state directory of `up`.
pub mod state;
