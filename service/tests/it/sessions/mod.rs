//! Sessions: login, refresh, revocation, throttling.

/// Requests that wait while their session ends.
mod ended_meanwhile;

/// Logging in and refreshing while dependencies fail.
mod failures;

/// Logging in while the hashing queue is flooded.
mod fairness;

/// The number of sessions, and listing all of them.
mod limits;

/// Listing and revoking sessions.
mod list;

/// Logging in with address and password.
mod login;

/// Actions that need a recent proof of identity.
mod reauthentication;

/// Refresh tokens.
mod refresh;

/// Throttling of failed logins.
mod throttling;
