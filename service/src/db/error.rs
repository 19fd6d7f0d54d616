//! What can go wrong with the database, sorted by what the caller can do about it. PostgreSQL's own text, which may
//! quote values, stays in the log.
use diesel::result::{DatabaseErrorKind, Error};

/// A failed piece of database work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// No connection could be had: the server is away or refuses.
    #[error("the database is away")]
    Unavailable,
    /// Every connection stayed busy for as long as a request may wait.
    #[error("no database connection became free in time")]
    Exhausted,
    /// The statement ran longer than it may.
    #[error("the statement took too long")]
    Timeout,
    /// A named constraint refused the change.
    #[error("constraint {0} refused the change")]
    Constraint(String),
    /// Anything else: a bug or a broken schema.
    #[error("the database refused the statement")]
    Failed,
}

impl DbError {
    /// Sorts diesel's error. The text is logged here, once; it is not part of the value.
    pub fn of(what: &'static str, error: &Error) -> Self {
        let sorted = Self::sort(error);
        match sorted {
            Self::Constraint(_) => {}
            Self::Failed => tracing::error!(what, error = %text_of(error), "statement failed"),
            _ => tracing::warn!(what, error = %text_of(error), "statement failed"),
        }
        sorted
    }

    fn sort(error: &Error) -> Self {
        match error {
            Error::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                _,
            ) => Self::Unavailable,
            Error::BrokenTransactionManager => Self::Unavailable,
            Error::DatabaseError(_, info) if info.constraint_name().is_some() => {
                Self::Constraint(info.constraint_name().unwrap_or_default().to_owned())
            }
            Error::DatabaseError(_, info) => Self::by_text(info.message()),
            _ => Self::Failed,
        }
    }

    /// diesel hands out no SQLSTATE for these. The texts are English wherever `lc_messages` is C or English; elsewhere
    /// they are told as `Failed`, which is safe.
    fn by_text(text: &str) -> Self {
        let lost = [
            "terminating connection",
            "server closed the connection",
            "no connection to the server",
            "SSL connection has been closed",
            "the database system is",
            "Connection refused",
        ];
        if lost.iter().any(|part| text.contains(part)) {
            Self::Unavailable
        } else if text.contains("statement timeout") || text.contains("lock timeout") {
            Self::Timeout
        } else {
            Self::Failed
        }
    }
}

/// The first line only: the lines after it (DETAIL) quote values.
fn text_of(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
