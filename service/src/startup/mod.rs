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

/// The limit on connections.
pub mod connection_limit;

/// Services and APIs.
pub mod apis;

/// Anchors of the audit log.
mod audit_anchors;

/// Problem documents for errors of the HTTP library.
pub mod protocol_errors;

/// Limits HTTP/2 frames without a request.
mod frame_limit;

/// The PROXY protocol.
mod proxy_protocol;

/// Periodic cleanup.
mod cleanup;

/// The state of one connection.
pub mod connection;

/// The socket of one connection.
pub mod client_stream;

/// The active requests of one connection.
pub mod request_activity;

/// The progress of responses.
pub mod response_body;

/// The streams of HTTP/2 connections.
pub mod stream_executor;

pub use service::Service;
