//! The commands.

pub mod bdd;
pub mod down;
pub mod test;
pub mod up;
