//! The order is: low, high.

/// Low.
mod low;

/// High.
mod high;
