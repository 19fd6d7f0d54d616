//! The tools of the gate: one table, found by version, installed by name into the cache.

/// One row.
pub mod tool;

/// All rows.
pub mod table;

/// Where a program is.
pub mod find;

/// Brings one into the cache.
pub mod install;
