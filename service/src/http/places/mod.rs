//! Ports and regions.

/// Codes and slugs as fields.
mod fields;

/// `/ports`.
pub mod ports;

/// `/regions`.
pub mod regions;
