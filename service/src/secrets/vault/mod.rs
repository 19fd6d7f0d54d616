//! The client of a Vault or OpenBao server, and the only code that names its library. A call has a time limit, and continues
//! when its caller is dropped: an aborted request can leave a login that no lease ends.

/// A call.
mod call;

/// The client.
mod client;

/// Sends and counts calls.
mod connection;

/// Issued database logins and their leases.
mod database;

/// Documents of the KV engine.
mod documents;

/// Errors.
mod error;

/// The HTTP client.
mod http_client;

/// Leases.
mod lease;

/// Logins to Vault.
mod login;

/// Tokens of their own for logins of people.
#[cfg(feature = "access")]
mod orphan;

/// When to renew leases and tokens.
mod renewal_time;

/// The SecretID, also a wrapped one.
mod secret_id;

/// A login with its token.
mod session;

/// A token with its lifetime.
mod token;

/// Renewal of the token.
mod token_renewal;

/// Revocation of tokens.
mod token_revocation;

/// Wrapping of answers.
mod wrapping;

pub use client::Vault;
pub use documents::{Document, DocumentState};
pub use error::VaultError;
pub use lease::{Lease, LeaseEnd, LeaseState};
#[cfg(feature = "access")]
pub use orphan::OrphanToken;
pub use renewal_time::renewal_time;
