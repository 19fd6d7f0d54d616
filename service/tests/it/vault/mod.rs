//! The client of Vault, against a server that answers as a recorded OpenBao did and issues real logins.

/// A Vault with documents of keys, for the tests of services that use them.
pub mod keys;

/// Issued logins and their leases.
mod leases;

/// Logins to Vault.
mod logins;

/// The server.
pub mod server;
