//! Tests against the running server and a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the whole crate is tests"
)]

mod contract;
mod injected_faults;
mod logins;
mod replay;
mod restart;
mod support;
