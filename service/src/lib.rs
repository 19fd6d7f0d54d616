//! Portcullis: a security-hardened freight-rates service. The order of this list is the law: a module may use only
//! modules that stand above it.

/// The words everybody shares; parse once, then trust.
pub mod types;

/// A bounded queue between threads.
pub mod bounded_queue;

/// What the environment says, parsed once.
pub mod config;

/// Logs, traces, metrics.
pub mod telemetry;

/// Reads secrets from where the settings say they are.
pub mod secrets;

/// Hashing, signing, sealing.
pub mod crypto;

/// SQL and nothing but SQL.
pub mod db;

/// Outbox worker and transport.
pub mod mail;

/// The rules; no HTTP word.
pub mod domain;

/// The edge: parse, call one domain function, map.
pub mod http;

/// All wiring, two listeners, graceful stop.
pub mod startup;

/// The commands.
pub mod cli;
