//! What PostgreSQL refused, in the words of the server's driver.

use std::error::Error as _;
use std::io;

use tokio_postgres::Error;

/// A statement or a connection that failed.
#[derive(Debug, Clone)]
pub(crate) enum SqlError {
    /// No connection.
    Connect(String),
    /// PostgreSQL refused a statement.
    Statement(String),
    /// The request took too long.
    Cancelled,
}

impl SqlError {
    /// A failure to connect to `label`, which names user, database and address.
    pub(crate) fn connect(label: &str, address: &str, error: &Error) -> SqlError {
        let cause = match error.as_db_error() {
            Some(refusal) if refusal.code().code() == "28P01" => format!("failed SASL auth: {}", text(error)),
            Some(_) => format!("server error: {}", text(error)),
            None => match error
                .source()
                .and_then(|source| source.downcast_ref::<io::Error>())
            {
                Some(source) if source.kind() == io::ErrorKind::ConnectionRefused => {
                    format!("dial error: dial tcp {address}: connect: connection refused")
                }
                Some(source) => format!("dial error: dial tcp {address}: {source}"),
                None => error.to_string(),
            },
        };
        SqlError::Connect(format!("failed to connect to {label}: {cause}"))
    }

    pub(crate) fn statement(error: &Error) -> SqlError {
        SqlError::Statement(text(error))
    }

    /// The text without what was attempted.
    pub(crate) fn text(&self) -> &str {
        match self {
            SqlError::Connect(text) | SqlError::Statement(text) => text,
            SqlError::Cancelled => "context canceled",
        }
    }

    /// The text of a failure to create or change a login.
    pub(crate) fn in_transaction(&self) -> String {
        match self {
            SqlError::Connect(text) => format!("unable to start transaction: {text}"),
            SqlError::Statement(text) => format!("failed to execute query: {text}"),
            SqlError::Cancelled => "failed to execute query: context canceled".to_owned(),
        }
    }
}

/// `ERROR: relation "x" does not exist (SQLSTATE 42P01)`.
fn text(error: &Error) -> String {
    error.as_db_error().map_or_else(
        || error.to_string(),
        |refusal| {
            let (severity, message, code) = (refusal.severity(), refusal.message(), refusal.code().code());
            format!("{severity}: {message} (SQLSTATE {code})")
        },
    )
}
