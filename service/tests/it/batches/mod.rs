//! Batches of prices.

/// Comparison with psql.
mod differential;

/// Statements of dumps.
mod dumps;

/// Formats of files: first bytes, compression, pipes, CSV.
mod formats;

/// The identity of batches.
mod identity;

/// `portcullis import`.
mod import;
