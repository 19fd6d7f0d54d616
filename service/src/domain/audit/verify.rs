//! Verifies the whole audit log in the order of ids, in constant memory.

use super::chain::{Chain, ChainError, VerifiedChain};
use crate::config::database::DatabaseSettings;
use crate::db::audit::{ReadError, read_chain};
use crate::domain::StorageError;
use crate::types::event_hash::EventHash;

/// Why the audit log is not verified.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The chain is broken.
    #[error(transparent)]
    Broken(#[from] ChainError),
    /// The database cannot be reached.
    #[error("cannot connect to the database")]
    Connect,
    /// Reading failed after this event.
    #[error("cannot read the events after {1}: {0}")]
    Storage(StorageError, i64),
}

/// Verifies the log. `expected`: a hash recorded earlier that must still occur in the chain. `report` is called with
/// the number of verified events from time to time.
pub fn verify(
    database: &DatabaseSettings,
    expected: Option<EventHash>,
    report: &mut dyn FnMut(i64),
) -> Result<VerifiedChain, VerifyError> {
    let mut chain = Chain::begin(expected);
    let read = read_chain(database, |row| {
        chain.add(row)?;
        if row.id % 10_000 == 0 {
            report(row.id);
        }
        Ok(())
    });
    match read {
        Ok(head) => Ok(chain.end(head)?),
        Err(ReadError::Stopped(error)) => Err(VerifyError::Broken(error)),
        Err(ReadError::Connect(_)) => Err(VerifyError::Connect),
        Err(ReadError::Db(error)) => Err(VerifyError::Storage(error, chain.count())),
    }
}
