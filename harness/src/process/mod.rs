//! Child processes and signals.

pub mod child;
pub mod command;
pub mod interactive;
pub mod lines;
pub mod script;
pub mod shutdown;
