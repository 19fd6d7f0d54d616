//! The client of Vault, against a server that answers as a recorded OpenBao did and issues real logins.

/// The client of the access broker.
#[cfg(feature = "access")]
mod broker;

/// Documents and wrapping.
mod documents;
/// A Vault with documents of keys, for the tests of services that use them.
pub mod keys;

/// What vouches for a service without a secret.
mod identities;

/// Issued logins and their leases.
mod leases;

/// Logins to Vault.
mod logins;

/// No secret is logged.
mod logs;

/// A server that is unavailable.
mod outages;

/// The server.
pub mod server;

/// TLS in front of the server.
mod tls_proxy;

/// Renewal and replacement of the token.
mod token;

/// Certificates, redirects, clear text.
mod transport;
