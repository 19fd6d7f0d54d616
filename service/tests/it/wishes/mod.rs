//! `/wishes`.

/// Creating, reading, updating and deleting wishes.
mod crud;

/// An account reaches its own wishes only.
mod isolation;

/// Rejected requests.
mod validation;
