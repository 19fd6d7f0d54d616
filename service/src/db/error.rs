//! Database errors, by what the caller can do about them. PostgreSQL's message texts may quote values, so they are only
//! logged.

use diesel::result::{DatabaseErrorKind, Error};
use std::time::Duration;

/// Why a database operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// The server is unavailable, rejects connections or is read-only.
    #[error("the database is unavailable")]
    Unavailable,
    /// No connection became free within the acquire timeout.
    #[error("no database connection became free in time")]
    Exhausted,
    /// The statement was cancelled: by a time limit, an operator, a deadlock or a conflict.
    #[error("the statement timed out")]
    Timeout,
    /// The server lacks disk space, memory or another resource (SQLSTATE classes 53 and 58).
    #[error("the database server lacks disk space, memory or another resource")]
    OutOfResources,
    /// A named constraint was violated.
    #[error("constraint {0} is violated")]
    Constraint(String),
    /// Anything else: a bug, or an unexpected schema.
    #[error("the statement failed")]
    Failed,
}

impl DbError {
    /// Classifies diesel's error and logs its text.
    pub fn of(what: &'static str, error: &Error) -> Self {
        let classified = Self::classify(error);
        match classified {
            Self::Constraint(_) => {}
            Self::Failed => tracing::error!(what, error = %first_line(error), "statement failed"),
            Self::OutOfResources => {
                tracing::error!(what, error = %first_line(error), "the database server lacks disk space, memory or another resource");
            }
            _ => tracing::warn!(what, error = %first_line(error), "statement failed"),
        }
        classified
    }

    /// Whether the connection is lost or the server unavailable. Logs nothing.
    pub fn is_outage(error: &Error) -> bool {
        Self::classify(error) == Self::Unavailable
    }

    fn classify(error: &Error) -> Self {
        match error {
            Error::DatabaseError(
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                // 25006: the server has become a standby, or was made read-only.
                | DatabaseErrorKind::ReadOnlyTransaction,
                _,
            )
            | Error::BrokenTransactionManager => Self::Unavailable,
            // 40001: among others a query on a standby that conflicts with recovery.
            Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Self::Timeout,
            // COMMIT failed, and so did ROLLBACK: the first of them has the cause.
            Error::RollbackErrorOnCommit { commit_error, .. } => Self::classify(commit_error),
            Error::DatabaseError(_, info) if info.constraint_name().is_some() => {
                Self::Constraint(info.constraint_name().unwrap_or_default().to_owned())
            }
            Error::DatabaseError(_, info) => Self::by_message(info.message()),
            _ => Self::Failed,
        }
    }

    /// diesel does not expose the SQLSTATE of 57014, 55P03, 40P01 and of classes 53 and 58. The texts are English because
    /// `migrate prepare` sets `lc_messages` for the database; where it may not, [`Self::after`] recognizes time-outs by their
    /// duration.
    fn by_message(text: &str) -> Self {
        let contains = |part: &&str| text.contains(*part);
        if CANCELLED.iter().any(contains) {
            Self::Timeout
        } else if RESOURCES.iter().any(contains) {
            Self::OutOfResources
        } else {
            Self::Failed
        }
    }

    /// Reclassifies an error of work that took this long: a failure after the shortest time-out of the server is taken for
    /// that time-out, whatever the language of its text.
    #[must_use]
    pub fn after(self, elapsed: Duration, shortest_timeout: Duration) -> Self {
        if self == Self::Failed && elapsed >= shortest_timeout {
            Self::Timeout
        } else {
            self
        }
    }
}

/// Parts of the messages of a cancelled statement.
const CANCELLED: [&str; 3] = [
    "canceling statement",
    "could not obtain lock",
    "deadlock detected",
];

/// Parts of the messages about missing resources and failed files. The first four are the operating system's.
const RESOURCES: [&str; 13] = [
    "No space left on device",
    "Disk quota exceeded",
    "Read-only file system",
    "Input/output error",
    "out of memory",
    "out of shared memory",
    "out of file descriptors",
    "Too many open files",
    "temp_file_limit",
    "Cannot allocate memory",
    "could not extend file",
    "could not resize shared memory segment",
    "could not read block",
];

/// The first line only: the following ones (DETAIL) quote values.
fn first_line(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_postgresql_are_classified() {
        for (text, expected) in [
            (
                "could not extend file \"base/16384/16593\": No space left on device",
                DbError::OutOfResources,
            ),
            (
                "could not write to file \"base/pgsql_tmp/pgsql_tmp42.0\": Disk quota exceeded",
                DbError::OutOfResources,
            ),
            ("out of memory", DbError::OutOfResources),
            (
                "temporary file size exceeds \"temp_file_limit\" (1024kB)",
                DbError::OutOfResources,
            ),
            (
                "could not read block 7 in file \"base/5/1259\": Input/output error",
                DbError::OutOfResources,
            ),
            ("canceling statement due to lock timeout", DbError::Timeout),
            ("permission denied for table accounts", DbError::Failed),
        ] {
            assert_eq!(DbError::by_message(text), expected, "{text}");
        }
    }
}
