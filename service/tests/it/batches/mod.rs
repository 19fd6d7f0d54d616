//! Batches of prices.

/// `portcullis import`.
mod import;
