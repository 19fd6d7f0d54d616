//! Progress, outcome and errors of an import.

use super::row::RowError;
use crate::db::DbError as StorageError;
use crate::db::batches::StoreError;
pub use crate::db::batches::StoreOutcome;
use crate::db::pool::ConnectError;
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
    /// Ports in the file.
    pub ports: usize,
    /// Regions in the file.
    pub regions: usize,
    /// Prices in the file.
    pub prices: u64,
}

/// Why nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Unreadable(#[from] Error),
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
