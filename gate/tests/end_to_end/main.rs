//! Runs the program: each planted defect fails its gates only; interrupted, concurrent and unwritable runs leave nothing behind.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the tests run the program itself"
)]

mod checkout;
mod defects;
mod planted;
mod runs;
