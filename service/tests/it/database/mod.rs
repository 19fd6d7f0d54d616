//! The schema, its grants, and failures of the server.

/// A database that stops responding.
mod frozen;

/// Every grant is documented.
mod grants;

/// Locks of one login do not block the others.
mod locks;

/// What each database login cannot do.
mod logins;

/// Migrations up and down.
mod migrations;

/// The server stops and starts again.
mod outage;

/// The server restarts during requests.
mod restart;

/// Settings that a login makes for itself.
mod role_settings;

/// The typed schema equals the catalogue.
mod schema;
