//! Database errors, by what the caller can do about them. PostgreSQL's message texts may quote values, so they are only
//! logged.

use diesel::result::{DatabaseErrorKind, Error};

/// Why a database operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// The server is unavailable or rejects connections.
    #[error("the database is unavailable")]
    Unavailable,
    /// No connection became free within the acquire timeout.
    #[error("no database connection became free in time")]
    Exhausted,
    /// The statement exceeded its time limit.
    #[error("the statement timed out")]
    Timeout,
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
            _ => tracing::warn!(what, error = %first_line(error), "statement failed"),
        }
        classified
    }

    fn classify(error: &Error) -> Self {
        match error {
            Error::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                _,
            ) => Self::Unavailable,
            Error::BrokenTransactionManager => Self::Unavailable,
            Error::DatabaseError(_, info) if info.constraint_name().is_some() => {
                Self::Constraint(info.constraint_name().unwrap_or_default().to_owned())
            }
            Error::DatabaseError(_, info) => Self::by_message(info.message()),
            _ => Self::Failed,
        }
    }

    /// diesel does not expose the SQLSTATE. The texts are English if `lc_messages` is; otherwise these errors become
    /// `Failed`, which is safe.
    fn by_message(text: &str) -> Self {
        let connection_lost = [
            "terminating connection",
            "server closed the connection",
            "no connection to the server",
            "SSL connection has been closed",
            "the database system is",
            "Connection refused",
        ];
        if connection_lost.iter().any(|part| text.contains(part)) {
            Self::Unavailable
        } else if text.contains("statement timeout") || text.contains("lock timeout") {
            Self::Timeout
        } else {
            Self::Failed
        }
    }
}

/// The first line only: the following ones (DETAIL) quote values.
fn first_line(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
