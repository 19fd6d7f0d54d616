//! Ports and regions.

/// `/ports`.
mod ports;

/// `/regions`.
mod regions;
