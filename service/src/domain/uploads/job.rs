//! One job: checks the body of an upload and stores it in one transaction.

use super::content::decode;
use super::progress::{Progress, StopReason};
use crate::db::DbError;
use crate::db::batches::{Ingest, StoreError, StoreOutcome};
use crate::db::pool::{Connections, HeldConnection};
use crate::db::uploads::queue::{Job, JobEnd, PartReader};
use crate::domain::batches;
use crate::domain::batches::outcome::{FileError, ImportError, Progress as ImportProgress};
use crate::domain::batches::row::RowError;
use crate::domain::batches::rows::Rows;
use crate::domain::batches::source::Content;
use crate::telemetry::metrics::Metrics;
use serde_json::{Value, json};
use std::io::{Error, ErrorKind, Read};

/// How a job ended.
#[derive(Debug)]
pub enum JobOutcome {
    /// It is committed: the batch with its content has this number, and this many prices.
    Committed(i64, u64),
    /// Nothing was stored.
    Ended(JobEnd),
    /// It is to be repeated, here or elsewhere.
    Interrupted,
    /// Another replica has it.
    Lost,
}

/// Maximum number of invalid rows that an upload lists; all of them are counted.
pub const MAX_LISTED_ERRORS: usize = 1_000;

/// The decoded body of an upload.
struct UploadContent<'a> {
    parts: &'a mut HeldConnection,
    job: &'a Job,
    progress: &'a Progress,
}

impl Content for UploadContent<'_> {
    fn rows(&mut self) -> Result<Rows<Box<dyn Read + '_>>, FileError> {
        let parts = PartReader::new(self.parts, self.job.owned.id).map_err(Error::other)?;
        Rows::of_format(decode(self.job.coding, parts, self.progress)?, self.job.format)
    }
}

/// Runs a job over two connections of its own: one reads the body, the other one stores.
pub fn run(job: &Job, connections: &Connections, progress: &Progress, metrics: &Metrics) -> JobOutcome {
    let result = match (connections.hold(), connections.hold()) {
        (Ok(mut parts), Ok(mut store)) => {
            let mut content = UploadContent {
                parts: &mut parts,
                job,
                progress,
            };
            let result = check_and_store(&mut content, &mut store, metrics);
            if is_unavailable(&result) {
                parts.discard();
                store.discard();
            }
            result
        }
        (Err(error), _) | (_, Err(error)) => Err(error.into()),
    };
    match (result, progress.stop_reason()) {
        (Ok(outcome), _) => outcome,
        (Err(_), Some(StopReason::Cancelled)) => JobOutcome::Ended(JobEnd::Cancelled),
        (Err(_), Some(StopReason::Lost)) => JobOutcome::Lost,
        (Err(_), Some(StopReason::Stopping)) => JobOutcome::Interrupted,
        (Err(error), None) => outcome_of(&error),
    }
}

fn check_and_store(
    content: &mut UploadContent<'_>,
    store: &mut HeldConnection,
    metrics: &Metrics,
) -> Result<JobOutcome, ImportError> {
    let (job, progress) = (content.job, content.progress);
    // A stop waits neither for a lock nor for the sums.
    let _in_use = progress.use_backend(store.get_backend_pid()?);
    let mut report = |at: ImportProgress| progress.update(at);
    let mut ingest = Ingest::over(&mut **store);
    let checked = batches::check_against(&mut ingest, content, MAX_LISTED_ERRORS, &mut report)?;
    if job.dry_run {
        return Ok(JobOutcome::Ended(JobEnd::Checked(checked.prices)));
    }
    let stored = batches::store(&mut ingest, content, &checked, Some(job.owned), &mut report);
    // Also after a time limit, which is the longest wait.
    if let Some(time) = ingest.lock_wait() {
        metrics.uploads.waited_for_lock(time);
    }
    let stored = stored?;
    let stored_now = match stored.outcome {
        StoreOutcome::Stored => checked.prices,
        StoreOutcome::AlreadyStored => 0,
    };
    Ok(JobOutcome::Committed(stored.id, stored_now))
}

fn is_unavailable(result: &Result<JobOutcome, ImportError>) -> bool {
    matches!(
        result,
        Err(ImportError::Store(StoreError::Db(DbError::Unavailable)))
    )
}

/// What becomes of a job after an error: invalid contents and lasting failures end it, others are repeated.
fn outcome_of(error: &ImportError) -> JobOutcome {
    let failed = |reason: &str| JobOutcome::Ended(JobEnd::ServiceFailed(reason.to_owned()));
    match error {
        ImportError::BadRows(rows, count) => invalid(rows, *count),
        ImportError::Refused(row) => invalid(std::slice::from_ref(row), 1),
        ImportError::Unreadable(error) | ImportError::Store(StoreError::Source(error)) => {
            match error.kind() {
                ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                    let reason = format!("the body cannot be decoded: {error}");
                    JobOutcome::Ended(JobEnd::Failed(reason))
                }
                _ => JobOutcome::Interrupted,
            }
        }
        // To be cancelled, unless it has another owner: then the end is not written.
        ImportError::Store(StoreError::Superseded) => JobOutcome::Ended(JobEnd::Cancelled),
        ImportError::Store(StoreError::Busy) | ImportError::Connect(_) => JobOutcome::Interrupted,
        ImportError::Store(StoreError::Db(error)) => match error {
            DbError::Unavailable | DbError::Exhausted => JobOutcome::Interrupted,
            DbError::Timeout => failed("the database did not store it within its time limit"),
            DbError::OutOfResources => failed("the database server lacks disk space or memory"),
            // The rows were found to be valid.
            DbError::Constraint(_) | DbError::Failed => failed("the database rejected it"),
        },
    }
}

fn invalid(rows: &[RowError], count: u64) -> JobOutcome {
    let list: Vec<Value> = rows
        .iter()
        .map(|row| json!({"line": row.line, "field": row.column, "reason": row.reason}))
        .collect();
    JobOutcome::Ended(JobEnd::Invalid(list.into(), count))
}
