//! Withdraws a stored batch: one transaction, by a function of the database that also appends the audit event.

use super::{Ingest, lock_sums};
use crate::db::audit;
use crate::db::error::DbError;
use crate::db::pool::ConnectError;
use crate::types::account::AccountId;
use crate::types::client::ClientId;
use crate::types::client_info::ClientInfo;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text};
use serde_json::{Value, json};
use std::borrow::BorrowMut;
use std::cell::Cell;

/// Why no batch was withdrawn. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// There is no such batch.
    #[error("there is no batch with this number")]
    Unknown,
    /// It was withdrawn before.
    #[error("the batch was withdrawn before")]
    WithdrawnBefore,
    /// An earlier release stored it, whose prices do not name their batch.
    #[error("the batch was stored by an earlier release, so its prices cannot be distinguished from others")]
    WithoutIds,
    /// An import or another withdrawal is running.
    #[error("an import or another withdrawal is running; try again later")]
    Busy,
    /// The database operation failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Who withdraws a batch, for the audit event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithdrawnBy {
    /// An operator at the command line, whom the client names.
    Operator,
    /// An account.
    Account(AccountId),
    /// A machine client.
    Client(ClientId),
}

impl WithdrawnBy {
    fn actor(self) -> Option<i64> {
        match self {
            Self::Account(account) => Some(account.get()),
            Self::Operator | Self::Client(_) => None,
        }
    }

    fn detail(self) -> Value {
        match self {
            Self::Client(client) => json!({ "by": client.subject() }),
            Self::Operator | Self::Account(_) => json!({}),
        }
    }
}

/// What the function returns.
#[derive(QueryableByName)]
struct OutcomeRow {
    #[diesel(sql_type = Text)]
    outcome: String,
    #[diesel(sql_type = BigInt)]
    price_count: i64,
}

impl<C: BorrowMut<PgConnection>> Ingest<C> {
    /// Withdraws a batch; returns how many prices it had.
    pub fn withdraw(&mut self, id: i64, by: WithdrawnBy, client: &ClientInfo) -> Result<i64, WithdrawError> {
        let is_locked = Cell::new(false);
        let done = self
            .connection
            .borrow_mut()
            .transaction(|conn: &mut PgConnection| {
                lock_sums(conn)?;
                is_locked.set(true);
                diesel::sql_query("SELECT outcome, price_count FROM rates.withdraw_batch($1, $2, $3, $4, $5)")
                    .bind::<BigInt, _>(id)
                    .bind::<Nullable<BigInt>, _>(by.actor())
                    .bind::<Text, _>(&client.request_id.own)
                    .bind::<Text, _>(client.address.to_string())
                    .bind::<Jsonb, _>(audit::with_client(by.detail(), client))
                    .get_result::<OutcomeRow>(conn)
            });
        let done = done.map_err(|error| match DbError::of("withdraw_batch", &error) {
            DbError::Timeout if !is_locked.get() => WithdrawError::Busy,
            other => WithdrawError::Db(other),
        })?;
        match done.outcome.as_str() {
            "withdrawn" => Ok(done.price_count),
            "unknown" => Err(WithdrawError::Unknown),
            "withdrawn before" => Err(WithdrawError::WithdrawnBefore),
            "without ids" => Err(WithdrawError::WithoutIds),
            other => {
                tracing::error!(
                    outcome = other,
                    "rates.withdraw_batch returned an unknown outcome"
                );
                Err(DbError::Failed.into())
            }
        }
    }
}
