//! Runs cargo for the gates.

pub mod lock_file;
pub mod workspace;
