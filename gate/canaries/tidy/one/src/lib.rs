//! One.

/// Has no name yet.
mod utils;
