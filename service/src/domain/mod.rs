//! The business rules: functions over validated values that return outcomes. No HTTP, no status codes, no environment.

/// Requests for access to the database, and their approval.
#[cfg(feature = "access")]
pub mod access;

/// Accounts as their owners manage them.
pub mod accounts;

/// The audit log: listing and verification.
pub mod audit;

/// Importing batches of prices, all or nothing.
pub mod batches;

/// Machine clients, their credentials and tokens.
pub mod clients;

/// The version of the data behind rates and places, and how long a replica may rely on it.
pub mod data_version;

/// Demo entries.
pub mod demo;

/// Answers to submitted forms, for those that arrive twice.
pub mod form_answers;

/// Responses whose duration reveals nothing.
pub mod min_response_time;

/// Readiness.
pub mod health;

/// Keyset pagination.
pub mod page;

/// Ports and regions.
pub mod places;

/// Who sent a request: a person or a machine client.
pub mod principals;

/// Daily rates between two places.
pub mod rates;

/// Throttling of logins and mails.
pub mod throttles;

/// Sessions and their tokens.
pub mod sessions;

/// Uploads of batches over HTTP, processed as jobs.
pub mod uploads;

/// Accounts as administrators manage them.
pub mod users;

/// Wishes, private to their owners.
pub mod wishes;

/// Errors of the database, shared by all domains.
pub use crate::db::DbError as StorageError;
