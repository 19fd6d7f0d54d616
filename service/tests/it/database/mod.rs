//! The schema, its grants, and failures of the server.

/// Credentials are replaced under load.
mod credentials;

/// A database that stops responding.
mod frozen;

/// Every grant is documented.
mod grants;

/// Connections that are closed while they are idle.
mod idle_connections;

/// Logins that Vault issues.
mod issuing;

/// Locks of one login do not block the others.
mod locks;

/// What each database login cannot do.
mod logins;

/// Migrations up and down.
mod migrations;

/// Errors are classified whatever the language of the server.
mod messages;

/// The server stops and starts again.
mod outage;

/// A server that has become read-only.
mod read_only;

/// A server without disk space.
mod resources;

/// The server restarts during requests.
mod restart;

/// Settings that a login makes for itself.
mod role_settings;

/// The typed schema equals the catalogue.
mod schema;

/// Search keys are folded by the program.
mod search_keys;

/// Statements of people are logged.
mod statement_audit;
