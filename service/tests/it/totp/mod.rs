//! The second factor.

/// Account changes that require a code.
mod account;

/// Limits on guesses at codes.
mod guesses;

/// Logging in with a code.
mod login;

/// Mails to the owner.
mod mails;

/// Accounts that must have a second factor.
mod required;

/// Enabling and disabling the second factor.
mod setup;
