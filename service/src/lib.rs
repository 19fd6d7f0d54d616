//! Portcullis, a security-hardened freight-rates service.
//!
//! The modules are listed from the bottom layer to the top. A module may use only those above it in this list.

/// Values that every layer shares. They are parsed once and valid by construction.
pub mod types;

/// A bounded queue between threads.
pub mod bounded_queue;

/// Settings, parsed once from the environment and a file.
pub mod config;

/// TLS towards other servers.
pub mod tls_client;

/// Logs, traces and metrics.
pub mod telemetry;

/// Reads secrets from values or files.
pub mod secrets;

/// Hashing, signing and encryption.
pub mod crypto;

/// All SQL, and the threads and connections that run it. No business rules.
pub mod db;

/// Mail texts, the outbox worker and the transports.
pub mod mail;

/// Business rules, independent of HTTP.
pub mod domain;

/// The HTTP interface: an operation parses its input, calls one domain function and maps the outcome.
pub mod http;

/// Wiring, listeners and graceful shutdown.
pub mod startup;

/// The commands of `portcullis`.
pub mod cli;
