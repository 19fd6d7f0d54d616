//! `portcullis batches`: lists the batches of prices that were imported, and withdraws one.

use super::exit::{check_credentials, fail, print};
use super::runtime::runtime;
use crate::config::{Settings, operator};
use crate::db::Db;
use crate::db::conninfo::Purpose;
use crate::domain::StorageError;
use crate::domain::batches::withdrawal::WithdrawError;
use crate::domain::batches::{list, withdraw};
use crate::domain::data_version::await_announcement;
use crate::telemetry::logs::Telemetry;
use crate::types::client_info::ClientInfo;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Subcommand;
use std::process::ExitCode;

/// Exit code if the batch was withdrawn before.
const EXIT_WITHDRAWN_BEFORE: u8 = 3;

/// Batches read by one statement.
const PAGE_SIZE: u32 = 500;

/// The subcommands.
#[derive(Clone, Copy, Subcommand)]
pub enum Batches {
    /// List all batches, newest first, one per line: number, prices, when it was stored, when it was withdrawn or -
    List,
    /// Withdraw a batch: delete its prices, as if they had never been imported. Its ports and regions stay. Exit code 0:
    /// withdrawn; 1: unknown, stored by an earlier release, or the database failed; 3: it was withdrawn before
    Withdraw {
        /// The number of the batch, as the import printed it
        id: i64,
    },
}

/// Runs the subcommand.
pub fn run(settings: &Settings, command: Batches) -> ExitCode {
    if let Err(code) = check_credentials(&settings.database.ingest) {
        return code;
    }
    match command {
        Batches::List => run_list(settings),
        Batches::Withdraw { id } => run_withdrawal(settings, id),
    }
}

fn run_list(settings: &Settings) -> ExitCode {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let db = match start_db(settings) {
        Ok(db) => db,
        Err(error) => return fail(1, &error),
    };
    let code = match runtime.block_on(list_all(&db)) {
        Ok(text) => print(&text),
        Err(error) => fail(1, &error),
    };
    db.close();
    code
}

fn start_db(settings: &Settings) -> Result<Db, Box<dyn std::error::Error>> {
    let metrics = Telemetry::quiet()?.metrics;
    let database = &settings.database;
    Ok(Db::start(database, &database.ingest, Purpose::Ingest, metrics)?)
}

async fn list_all(db: &Db) -> Result<String, StorageError> {
    let (mut text, mut before) = (String::new(), None);
    loop {
        let page = list(db, before, PAGE_SIZE).await?;
        for batch in &page.items {
            let (id, prices, stored) = (batch.id, batch.price_count, time(batch.created_at));
            let withdrawn = batch.withdrawn_at.map_or_else(|| "-".to_owned(), time);
            text += &format!("{id}\t{prices}\t{stored}\t{withdrawn}\n");
        }
        match page.items.last() {
            Some(last) if page.next.is_some() => before = Some(last.id),
            _ => return Ok(text),
        }
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn run_withdrawal(settings: &Settings, id: i64) -> ExitCode {
    let client = ClientInfo::operator(operator::current());
    let withdrawn = withdraw(&settings.database, id, &client);
    // Also after an error: the transaction may have been committed, or the batch withdrawn by another process just now.
    await_announcement();
    match withdrawn {
        Ok(prices) => print(&format!("withdrew batch {id}: {prices} prices\n")),
        Err(error @ WithdrawError::WithdrawnBefore) => fail(
            EXIT_WITHDRAWN_BEFORE,
            &format!("batch {id}: {error}; nothing was changed"),
        ),
        Err(error) => fail(1, &format!("batch {id}: {error}; nothing was changed")),
    }
}
