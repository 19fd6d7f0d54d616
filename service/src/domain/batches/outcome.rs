//! Progress, outcome and errors of an import.

use super::row::RowError;
use crate::db::DbError as StorageError;
use crate::db::batches::StoreError;
pub use crate::db::batches::StoreOutcome;
use crate::db::pool::ConnectError;
use std::borrow::Cow;
use std::io::Error;

/// The progress of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Prices checked so far.
    Checked(u64),
    /// Prices sent so far, and their total.
    Stored(u64, u64),
    /// All prices are sent; the database aggregates and commits them.
    Committing,
}

/// The result of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Whether it was stored now or before.
    pub stored: StoreOutcome,
    /// The number of the batch.
    pub batch: i64,
    /// Ports in the file.
    pub ports: usize,
    /// Regions in the file.
    pub regions: usize,
    /// Prices in the file.
    pub prices: u64,
}

/// Why a text is refused that is neither CSV nor a dump.
pub const NO_FORMAT: &str =
    "is neither CSV (header orig_code,dest_code,day,price) nor a dump in pg_dump's plain format";

/// Why a file cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Reading failed.
    #[error(transparent)]
    Read(#[from] Error),
    /// The file is of another format, incomplete, or contains a statement that is not imported.
    #[error("{0}")]
    Refused(RowError),
}

impl FileError {
    /// Refuses the file for one of its lines.
    pub fn refused(line: u64, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(RowError::new(line, "", reason))
    }
}

/// Why nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Unreadable(#[from] Error),
    /// The file is of another format, incomplete, or contains a statement that is not imported.
    #[error("{0}")]
    Refused(RowError),
    /// The first invalid rows, and the number of all of them.
    #[error("{} invalid rows", .1)]
    BadRows(Vec<RowError>, u64),
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database rejected the batch.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<StorageError> for ImportError {
    fn from(error: StorageError) -> Self {
        Self::Store(error.into())
    }
}

impl From<FileError> for ImportError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Read(error) => Self::Unreadable(error),
            FileError::Refused(error) => Self::Refused(error),
        }
    }
}
