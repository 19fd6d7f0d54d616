//! The client of Vault, against a server that answers as a recorded OpenBao did and issues real logins.

/// Issued logins and their leases.
mod leases;

/// Logins to Vault.
mod logins;

/// The server.
mod server;
