//! Batches of prices.

/// Uploads beside each other and beside places that move.
mod concurrent_uploads;

/// Withdrawals beside imports and readers.
mod concurrent_withdrawals;

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

/// Random histories of batches.
mod random_history;

/// Withdrawing a batch.
mod withdrawal;

/// Bodies that are slow, cut off or damaged, or expand without bound.
mod upload_bodies;

/// Uploads that end without being stored, and not because of their content.
mod upload_outcomes;

/// Metrics of uploads that wait.
mod upload_backlog;

/// Services that stop while their job waits.
mod upload_stops;

/// Cancelling and withdrawing uploads.
mod upload_deletion;

/// Uploads while the database restarts, lacks space or cancels statements.
mod upload_failures;

/// Uploads whose process dies or stops.
mod upload_recovery;

/// Sizes and numbers of uploads.
mod upload_size;

/// Prices at and beyond their limits.
mod upload_values;

/// `POST /rates/batches`.
mod uploads;
