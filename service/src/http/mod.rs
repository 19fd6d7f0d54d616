//! The HTTP interface: parses requests, calls one domain function each, and maps the outcome. Never opens a connection.

/// `/access`: requests for access to the database.
#[cfg(feature = "access")]
pub mod access;

/// Operations on accounts: registration, mailed links, the caller's own account.
pub mod accounts;

/// Styles, scripts and images of pages.
pub mod assets;

/// `/admin/audit`.
pub mod audit;

/// `/rates/batches`.
pub mod batches;

/// `/clients` and `/oauth/token`: machine clients.
pub mod clients;

/// Adapters between poem-openapi and this API: callers, fields, bodies, problems, pagination.
pub mod contract;

/// `/populate` and `/delete`.
pub mod demo;

/// The edge: what every request and every response passes.
pub mod edge;

/// Liveness, readiness and startup probes.
pub mod health;

/// The internal listener: metrics and liveness.
pub mod internal;

/// Pages that show the development mailbox.
pub mod mail;

/// The OpenAPI document and the pages that show it.
pub mod openapi;

/// `/ports` and `/regions`.
pub mod places;

/// `/rates`.
pub mod rates;

/// The greeting, the index page and the version.
pub mod root;

/// All routes.
pub mod router;

/// Login, refresh, and the caller's own sessions.
pub mod sessions;

/// Access tokens for other services.
pub mod tokens;

/// `/auth/totp`.
pub mod totp;

/// Users, for administrators.
pub mod users;

/// The web pages.
pub mod web;

/// `/wishes`.
pub mod wishes;
