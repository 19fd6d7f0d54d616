//! Child processes and signals.

/// A running child.
pub mod child;

/// Starts programs.
pub mod command;

/// Ctrl-C and stop signals.
pub mod shutdown;
