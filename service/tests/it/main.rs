//! Integration tests: the service over a real socket and a real PostgreSQL. One folder per noun, as in `src/http`; the
//! documentation of each test names the behaviours (docs/behaviours.md) that it shows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

mod support;

#[cfg(feature = "access")]
mod access;
mod accounts;
mod audit;
mod authorization;
mod azure;
mod backup;
mod batches;
mod clients;
mod database;
mod demo;
mod edge;
mod health;
mod kubernetes;
mod mail;
mod monitoring;
mod openapi;
mod output;
mod places;
mod rates;
mod replicas;
mod root;
mod secrets;
mod serve;
mod sessions;
mod settings;
mod shutdown;
mod systemd;
mod telemetry;
mod tokens;
mod totp;
mod users;
mod vault;
mod web;
mod wishes;
