//! The gate's tools: one table of pinned versions, found in the cache or on `PATH`, installed from their registries.

mod commands;
mod crates;
pub mod find;
mod go;
pub mod install;
mod lock;
pub mod npm;
mod pypi;
mod record;
mod staging;
pub mod table;
pub mod tool;

pub use commands::{Task, run};
