//! Sessions: login, refresh, revocation, throttling.

/// Logging in and refreshing while dependencies fail.
mod failures;

/// Logging in while the hashing queue is flooded.
mod fairness;

/// Listing and revoking sessions.
mod list;

/// Logging in with address and password.
mod login;

/// Refresh tokens.
mod refresh;

/// Throttling of failed logins.
mod throttling;
