//! Withdraws a stored batch as a whole: its prices are deleted, and the sums become what they would be without it. The
//! places that it created or moved stay, because later batches may use them.

use crate::config::database::DatabaseSettings;
use crate::db::batches::Ingest;
pub use crate::db::batches::withdrawal::WithdrawError;
use crate::db::batches::withdrawal::WithdrawnBy;
use crate::types::client_info::ClientInfo;

/// Withdraws a batch for an operator at the command line; returns how many prices it had. Blocks while an import or another withdrawal
/// runs, up to a minute.
pub fn withdraw(database: &DatabaseSettings, id: i64, client: &ClientInfo) -> Result<i64, WithdrawError> {
    Ingest::connect(database)?.withdraw(id, WithdrawnBy::Operator, client)
}
