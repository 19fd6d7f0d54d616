//! Access to the database: requests, and the logins of approved ones.

/// The hand-over of a login.
pub mod collection;

/// Logins, and what is to be done with them.
pub mod logins;

/// Requests and their states.
pub mod requests;

/// Logins that are to be revoked in Vault.
pub mod revocations;
