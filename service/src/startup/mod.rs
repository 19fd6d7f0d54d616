//! Starts the service: builds logins, services, APIs and two listeners from the settings, runs them, and stops gracefully.

/// A service whose listeners are bound.
mod service;

/// Its parts, built from the settings.
mod assembly;

/// Serving, and the graceful shutdown.
mod run;

/// The broker of people's database logins.
#[cfg(feature = "access")]
mod access_broker;

/// Errors of starting the service.
pub mod error;

/// The cryptographic keys.
pub mod keys;

/// Reloading of keys and credentials.
pub mod secret_reload;

/// Accepting and serving connections.
pub mod listener;

/// The database logins and their connections.
pub mod logins;

/// Issued credentials of the database logins.
pub mod login_rotation;

/// The issued login of a command.
pub mod command_login;

/// The clients of Vault.
pub mod vault;

/// The mail worker's dependencies.
pub mod mail_worker;

/// Services and APIs.
pub mod apis;

/// Anchors of the audit log.
mod audit_anchors;

/// Periodic cleanup.
mod cleanup;

/// The age of the prices.
mod price_age;

/// Tasks that run as long as the service.
pub mod supervision;

pub use run::STOP_LIMIT;
pub use service::Service;
