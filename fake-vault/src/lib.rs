//! A Vault server for tests. It answers as a recorded OpenBao 2.6.2 did, issues real logins in a real PostgreSQL, and can be
//! made to hang, to refuse and to jump in time through an interface beside Vault's.

/// The clock, which can be moved.
mod clock;

/// Go's durations.
mod go_duration;

/// Random names and secrets.
mod random;

/// Answers and their envelope.
mod answer;

/// One request as the engines read it.
mod call;

/// Policies.
mod policy;

/// Tokens.
mod token;

/// Login methods.
mod auth;

/// The engine `kv`.
mod kv;

/// The engine `transit`.
mod transit;

/// The engine `database`.
mod database;

/// State, the path of a request, and the server's own operations.
mod core;

/// The control interface.
mod control;

/// HTTP.
mod server;

/// Starts and stops a server.
mod fake_vault;

pub use fake_vault::{FakeVault, Options};
