//! Verifies the whole audit log in the order of ids, in constant memory. Two verdicts: consistent, if every event follows from
//! the one before it, and complete, if the chain contains what was recorded outside of the database.

use super::chain::{Chain, ChainError, VerifiedChain};
use super::completeness::{Completeness, Expected};
use crate::config::database::DatabaseSettings;
use crate::db::audit::{ReadError, read_chain};
use crate::domain::StorageError;

/// Why the audit log is not verified.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The chain is broken.
    #[error("inconsistent: {0}")]
    Broken(#[from] ChainError),
    /// The database cannot be reached.
    #[error("cannot connect to the database")]
    Connect,
    /// Reading failed after this event.
    #[error("cannot read the events after {1}: {0}")]
    Storage(StorageError, i64),
}

/// Verifies the log. `report` is called with the number of verified events from time to time.
pub fn verify(
    database: &DatabaseSettings,
    mut expected: Expected,
    report: &mut dyn FnMut(i64),
) -> Result<(VerifiedChain, Completeness), VerifyError> {
    let mut chain = Chain::default();
    let read = read_chain(database, |row| {
        let hash = chain.add(row)?;
        expected.compare(row.id, hash);
        if row.id % 10_000 == 0 {
            report(row.id);
        }
        Ok(())
    });
    match read {
        Ok(head) => Ok((chain.end(head)?, expected.verdict())),
        Err(ReadError::Stopped(error)) => Err(VerifyError::Broken(error)),
        Err(ReadError::Connect(_)) => Err(VerifyError::Connect),
        Err(ReadError::Db(error)) => Err(VerifyError::Storage(error, chain.count())),
    }
}
