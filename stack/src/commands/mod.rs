//! The commands.

pub mod bdd;
pub mod down;
pub mod target;
pub mod test;
pub mod test_postgres;
pub mod up;
