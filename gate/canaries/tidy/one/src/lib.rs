//! One.

/// A meaningless name.
mod utils;
