//! The commands.

/// `cargo xtask bdd`
pub mod bdd;

/// `cargo xtask down`
pub mod down;

/// `cargo xtask test`
pub mod test;

/// `cargo xtask up`
pub mod up;
