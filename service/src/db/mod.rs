//! SQL and nothing but SQL: no business rule, no HTTP. Requests come in through `Db::run`, `Db::tx`, `Db::batched` and `Db::stream`.

/// Requests for access to the database.
#[cfg(feature = "access")]
pub mod access;

/// Accounts and their credentials.
pub mod accounts;

/// Audit events.
pub mod audit;

/// Batches of prices.
pub mod batches;

/// Machine clients and their credentials.
pub mod clients;

/// Connection strings for libpq.
pub mod conninfo;

/// The version of the data behind rates and places.
pub mod data_version;

/// Demo entries.
pub mod demo;

/// Errors, without PostgreSQL's message texts.
pub mod error;

/// Queues database work and runs it on threads with a connection each.
pub mod executor;

/// Answers to submitted forms.
pub mod form_answers;

/// The roles that hold the grants.
pub mod groups;

/// Whether the schema is up to date.
pub mod health;

/// Durations as PostgreSQL intervals.
mod interval;

/// Schema migrations.
pub mod migrations;

/// Mails to be sent.
pub mod outbox;

/// Ports and regions.
pub mod places;

/// Connection pools, which replace dead connections and credentials.
pub mod pool;

/// Creates the roles and the database.
pub mod prepare;

/// Daily sums of many lanes, part by part.
pub mod rate_streams;

/// Daily sums and counts of prices.
pub mod rates;

/// Recomputes search keys.
mod refold;

/// Diesel's table definitions.
pub mod schema;

/// Sessions and refresh tokens.
pub mod sessions;

/// Counters of failed attempts.
pub mod throttles;

/// Uploads of batches.
pub mod uploads;

/// Accounts as administrators list and change them.
pub mod users;

/// Wishes, visible to their owner only.
pub mod wishes;

pub use diesel::{PgConnection, QueryResult};
pub use error::DbError;
pub use executor::Db;
