//! Backup and restore with the scripts of `deploy/backup`.

/// A backup, and a server to restore it into.
mod restorable;

/// Backups that cannot be used, and databases that must not be restored into.
mod refusals;

/// A database that is destroyed and restored.
mod round_trip;
