//! The audit log.

/// The hash chain of audit events.
mod chain;

/// What the database logins may do with audit events.
mod grants;

/// `/admin/audit`.
mod list;
