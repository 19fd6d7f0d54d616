//! Reads the whole chain of events, in the order of their numbers, without ever holding all of it.
use super::chain::{Broken, Chain, Whole};
use crate::config::database::DatabaseSettings;
use crate::db::audit::{ReadError, read_chain};
use crate::domain::StorageError;
use crate::types::event_hash::EventHash;

/// Why the chain cannot be called whole.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It is not.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// It cannot be told: there is no connection.
    #[error("cannot connect to the database")]
    Connect,
    /// It cannot be told: reading ended early.
    #[error("events behind {1} cannot be read: {0}")]
    Storage(StorageError, i64),
}

/// Verifies it. `wanted`: a hash that was written down earlier, and must still be in it. `tell` hears the count now and
/// then.
pub fn verify(
    database: &DatabaseSettings,
    wanted: Option<EventHash>,
    tell: &mut dyn FnMut(i64),
) -> Result<Whole, VerifyError> {
    let mut chain = Chain::begin(wanted);
    let read = read_chain(database, |row| {
        chain.add(row)?;
        if row.id % 10_000 == 0 {
            tell(row.id);
        }
        Ok(())
    });
    match read {
        Ok(head) => Ok(chain.end(head)?),
        Err(ReadError::Stopped(broken)) => Err(VerifyError::Broken(broken)),
        Err(ReadError::Connect(_)) => Err(VerifyError::Connect),
        Err(ReadError::Db(error)) => Err(VerifyError::Storage(error, chain.count())),
    }
}
