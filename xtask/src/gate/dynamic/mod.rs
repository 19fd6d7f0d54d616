//! What gates need that look at a running service: one to look at, good or bad, and people who are signed in.

/// Bad on purpose.
pub mod bad_server;

/// The service that is looked at.
pub mod live;

/// What it says that it can do.
pub mod document;
