//! What an import tells: how far it is, what it came to, why nothing was stored.
use super::row::RowFault;
use crate::db::DbError as StorageError;
use crate::db::batches::StoreError;
pub use crate::db::batches::Stored;
use crate::db::pool::ConnectError;
use std::io::Error;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Prices checked so far.
    Checked(u64),
    /// Prices sent so far, and how many there are.
    Stored(u64, u64),
    /// All prices are sent; the database sums them up and commits.
    Committing,
}

/// What an import came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Whether it was stored now or had been before.
    pub stored: Stored,
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
    /// Rows are bad: the first ones, and how many there are in all.
    #[error("{} bad rows", .1)]
    BadRows(Vec<RowFault>, u64),
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<StorageError> for ImportError {
    fn from(error: StorageError) -> Self {
        Self::Store(error.into())
    }
}
