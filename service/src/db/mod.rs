//! SQL and nothing but SQL. No rule of the business, no HTTP word. One file a noun, one door: `Db::run` and `Db::tx`.

/// Accounts.
pub mod accounts;

/// Audit events.
pub mod audit;

/// Batches of prices: storing them.
pub mod batches;

/// Connection settings as libpq reads them.
pub mod conninfo;

/// What proves who somebody is.
pub mod credentials;

/// The demo's entries.
pub mod demo;

/// The door: permit, thread, connection, error.
pub mod door;

/// What can go wrong, without a word of PostgreSQL's own text.
pub mod error;

/// Look-ups that wait at the same time, answered together.
pub mod gather;

/// Whether the schema is there.
pub mod health;

/// Mailed links.
pub mod links;

/// The schema's steps, forward and back.
pub mod migrations;

/// Mails that are to be sent.
pub mod outbox;

/// Ports and regions.
pub mod places;

/// Connections that notice by themselves when the server went away.
pub mod pool;

/// Roles and the database, made by an administrator.
pub mod prepare;

/// The sums that rates are made of.
pub mod rates;

/// Refresh tokens.
pub mod refresh_tokens;

/// The tables as the typed queries know them.
pub mod schema;

/// Second factors.
pub mod second_factors;

/// Sessions.
pub mod sessions;

/// Counts of tries.
pub mod throttles;

/// Accounts as administrators change them.
pub mod users;

/// Pages of accounts.
pub mod users_list;

/// Wishes, each its owner's alone.
pub mod wishes;

/// The threads that talk to the database.
mod workers;

/// A connection, and what comes of using one: for rules that decide inside a transaction.
pub use diesel::{PgConnection, QueryResult};
pub use door::Db;
pub use error::DbError;
