//! User administration.

/// Concurrent administrators.
mod concurrency;

/// Creating, reading, updating, deleting and restoring one user.
mod crud;

/// Inviting a user.
mod invitations;

/// `/users`.
mod list;

/// Sessions and second factors as administrators end them, and the recent proof.
mod protection;

/// Roles, and the last administrator.
mod roles;

/// Rejected fields.
mod validation;
