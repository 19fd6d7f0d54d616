//! Access to the database: requests.

/// Requests and their states.
pub mod requests;
