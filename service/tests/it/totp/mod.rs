//! The second factor.

/// Account changes that require a code.
mod account;

/// Logging in with a code.
mod login;

/// Enabling and disabling the second factor.
mod setup;
