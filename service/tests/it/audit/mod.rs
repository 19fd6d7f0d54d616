//! The audit log.

/// Records of the end of the chain outside of the database.
mod anchors;

/// The hash chain of audit events.
mod chain;

/// What the database logins may do with audit events.
mod grants;

/// `/admin/audit`.
mod list;
