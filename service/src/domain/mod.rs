//! The rules. No HTTP word, no status code, no environment: takes values that are valid, returns outcomes.

/// Accounts seen from their owners.
pub mod accounts;

/// What happened: pages of it, and whether the chain is whole.
pub mod audit;

/// Batches of prices: reading files, storing all or nothing.
pub mod batches;

/// Something to fill and to empty.
pub mod demo;

/// Answers that take the same time whatever they found.
pub mod min_response_time;

/// Whether the service can do its work.
pub mod health;

/// Some of many things, in order.
pub mod page;

/// Ports and regions.
pub mod places;

/// Daily rates between two places.
pub mod rates;

/// How often somebody may try.
pub mod throttles;

/// Who is signed in.
pub mod sessions;

/// Accounts seen from administrators.
pub mod users;

/// Wishes, each its owner's alone.
pub mod wishes;

/// What can go wrong with the storage, in every domain alike.
pub use crate::db::DbError as StorageError;
