//! Step definitions, one file per subject.

#![expect(
    clippy::needless_pass_by_value,
    reason = "cucumber passes the parameters of a step by value"
)]

mod access;
mod accounts;
mod appearance;
mod audit;
mod authorization;
mod batches;
mod clients;
mod demo;
mod docs;
mod edge;
mod json;
mod keys;
mod mail;
mod metrics;
mod pagination;
mod ports;
mod rates;
mod regions;
mod requests;
mod responses;
mod sessions;
mod tokens;
mod totp;
mod users;
mod version;
mod web;
mod wishes;
