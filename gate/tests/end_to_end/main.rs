//! The gate from outside: one fault fails at one gate; Ctrl-C, a second run and a full disk leave nothing behind.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the tests run the program itself, as a person would"
)]

mod checkout;
mod faults;
mod planted;
mod runs;
