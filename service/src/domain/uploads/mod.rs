//! Uploads of batches: a body is received in parts, then a replica checks and stores it as a job.

/// One job: checks the body of an upload and stores it.
mod job;

/// The content of a body, decoded.
mod content;

/// How far a job is, and whether it is to end.
mod progress;

/// A body that is being received.
mod reception;

/// Wakes and stops the worker.
mod signal;

/// The thread that runs the jobs.
pub mod worker;

use super::StorageError;
use super::batches::catalog::BatchRow;
use super::data_version::VersionLease;
use super::page::Page;
use super::principals::{Principal, RatesWriter};
use crate::db::Db;
pub use crate::db::batches::withdrawal::WithdrawError;
use crate::db::batches::withdrawal::WithdrawnBy;
use crate::db::batches::{self, Ingest};
use crate::db::pool::Connections;
use crate::db::uploads::{self, ActiveLimits, BeginOutcome};
pub use crate::db::uploads::{NewUpload, UploadRow};
use crate::types::client_info::ClientInfo;
use crate::types::page_row::PageRow;
use crate::types::upload::{BatchFormat, BatchId, BodyCoding, IdempotencyKey};
pub use reception::{ReceiveError, Received, Reception};
use serde_json::Value;
pub use signal::Signal;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Uploads of one subject that may be received, wait or run.
pub const MAX_ACTIVE_PER_SUBJECT: u32 = 20;

/// Uploads that may be received, wait or run.
const MAX_ACTIVE: i64 = 200;

/// Withdrawals of a replica at the same time. Each has one of the two connections of requests while it waits for the sums.
const MAX_WITHDRAWALS: usize = 1;

/// How long a key is compared after its upload has ended.
pub const KEY_TTL: Duration = Duration::from_secs(24 * 3600);

/// How soon an upload is read again for a client that waits. Doubled each time, because few connections serve all of them.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// How long a withdrawal waits for another one of this replica, which usually takes less than a second.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(3);

/// The longest time until an upload is read again.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// Uploads. Cheap to clone.
#[derive(Clone)]
pub struct Uploads {
    db: Db,
    connections: Connections,
    signal: Signal,
    lease: VersionLease,
    withdrawals: Arc<Semaphore>,
}

/// What a client states about an upload.
#[derive(Clone, Debug)]
pub struct UploadRequest {
    /// Identifies the request.
    pub key: IdempotencyKey,
    /// Format of the decoded body.
    pub format: BatchFormat,
    /// Content coding of the body.
    pub coding: BodyCoding,
    /// Whether nothing is to be stored.
    pub dry_run: bool,
}

/// A batch: its upload, unless the command line imported it, and what is stored.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Number.
    pub id: i64,
    /// The upload.
    pub upload: Option<UploadRow>,
    /// The batch with its content: itself, or the one that had the content before. `None`: it was not stored.
    pub stored: Option<BatchRow>,
}

impl Batch {
    /// Whether the content was stored under its own number.
    pub fn is_stored_itself(&self) -> bool {
        self.stored.is_some_and(|stored| stored.id == self.id)
    }
}

impl PageRow for Batch {
    fn text_bytes(&self) -> usize {
        self.upload.as_ref().map_or(0, PageRow::text_bytes)
    }
}

/// The result of beginning an upload.
pub enum Begun {
    /// Its body can be received.
    Reception(Box<Reception>),
    /// Another request with the key is being received.
    InProgress,
    /// Too many uploads are active.
    TooMany,
}

impl Uploads {
    /// Over connections of the ingest login. `signal` wakes the worker, `lease`: which version of the rates is current.
    pub fn new(db: Db, connections: Connections, signal: Signal, lease: VersionLease) -> Self {
        Self {
            db,
            connections,
            signal,
            lease,
            withdrawals: Arc::new(Semaphore::new(MAX_WITHDRAWALS)),
        }
    }

    /// Begins an upload, or the comparison with the one that has the same key.
    pub async fn begin(&self, writer: &RatesWriter, request: UploadRequest) -> Result<Begun, StorageError> {
        let new = NewUpload {
            subject: writer.principal().subject(),
            key: request.key,
            format: request.format,
            coding: request.coding,
            dry_run: request.dry_run,
        };
        let limits = ActiveLimits {
            per_subject: i64::from(MAX_ACTIVE_PER_SUBJECT),
            total: MAX_ACTIVE,
        };
        Ok(match uploads::begin(&self.db, new.clone(), limits).await? {
            BeginOutcome::Begun(owned) => {
                Begun::Reception(Box::new(Reception::store(&self.db, &self.signal, &new, owned)))
            }
            BeginOutcome::Received(row) => {
                Begun::Reception(Box::new(Reception::compare(&self.db, &self.signal, &new, row)))
            }
            BeginOutcome::InProgress => Begun::InProgress,
            BeginOutcome::TooMany => Begun::TooMany,
        })
    }

    /// A batch.
    pub async fn find(&self, id: BatchId) -> Result<Option<Batch>, StorageError> {
        let upload = uploads::find(&self.db, id).await?;
        let stored_as = match &upload {
            Some(upload) => upload.stored_as,
            None => Some(id.get()),
        };
        let stored = match stored_as {
            Some(id) => batches::catalog::find(&self.db, id).await?,
            None => None,
        };
        if stored.is_some() {
            self.lease.await_visibility(&self.db).await;
        }
        let is_known = upload.is_some() || stored.is_some();
        Ok(is_known.then_some(Batch {
            id: id.get(),
            upload,
            stored,
        }))
    }

    /// Waits until an upload is in its final state, at most for this time. Returns its last state, which [`Self::find`] makes ready to be
    /// announced.
    pub async fn wait(&self, mut row: UploadRow, limit: Duration) -> Result<UploadRow, StorageError> {
        let (end, mut pause) = (Instant::now() + limit, FIRST_WAIT);
        while !row.state().is_final() && Instant::now() < end {
            tokio::time::sleep(pause.min(end.saturating_duration_since(Instant::now()))).await;
            pause = (2 * pause).min(MAX_WAIT);
            if let Some(current) = uploads::find(&self.db, BatchId::of(row.id)).await? {
                row = current;
            }
        }
        Ok(row)
    }

    /// Batches before one of them, newest first.
    pub async fn list(&self, before: Option<BatchId>, limit: u32) -> Result<Page<Batch>, StorageError> {
        // Of each kind one more than fits: either may fill the page.
        let more = i64::from(limit) + 1;
        let uploads = uploads::list(&self.db, before, more).await?;
        let stored = batches::catalog::list(&self.db, before.map(BatchId::get), more).await?;
        let mut found: BTreeMap<i64, Batch> = BTreeMap::new();
        let entry = |id| Batch {
            id,
            upload: None,
            stored: None,
        };
        for row in uploads {
            let id = row.id;
            found.entry(id).or_insert_with(|| entry(id)).upload = Some(row);
        }
        for row in stored {
            let id = row.id;
            found.entry(id).or_insert_with(|| entry(id)).stored = Some(row);
        }
        self.add_earlier_batches(&mut found).await?;
        if found.values().any(|batch| batch.stored.is_some()) {
            self.lease.await_visibility(&self.db).await;
        }
        let newest_first: Vec<Batch> = found.into_values().rev().take(limit as usize + 1).collect();
        Ok(Page::from_rows(newest_first, limit, |batch| batch.id.to_string()))
    }

    /// Adds the batches whose content uploads had again.
    async fn add_earlier_batches(&self, found: &mut BTreeMap<i64, Batch>) -> Result<(), StorageError> {
        let earlier = |batch: &Batch| batch.upload.as_ref().and_then(|upload| upload.stored_as);
        let missing = found.values().filter(|batch| batch.stored.is_none());
        let ids: Vec<i64> = missing.filter_map(earlier).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let rows = batches::catalog::list_by_ids(&self.db, ids).await?;
        for batch in found.values_mut().filter(|batch| batch.stored.is_none()) {
            let id = earlier(batch);
            batch.stored = rows.iter().find(|row| Some(row.id) == id).copied();
        }
        Ok(())
    }

    /// The first invalid rows of an upload.
    pub async fn find_errors(&self, id: BatchId) -> Result<Option<Value>, StorageError> {
        uploads::find_errors(&self.db, id).await
    }

    /// Cancels an upload, unless it is in its final state. Returns the upload as it is then.
    pub async fn cancel(
        &self,
        _writer: &RatesWriter,
        id: BatchId,
    ) -> Result<Option<UploadRow>, StorageError> {
        uploads::cancel(&self.db, id).await
    }

    /// Withdraws a stored batch; returns how many prices it had. Waits while an import runs, up to a minute; while another withdrawal
    /// runs or waits here, it fails at once.
    pub async fn withdraw(
        &self,
        writer: &RatesWriter,
        id: BatchId,
        client: &ClientInfo,
    ) -> Result<i64, WithdrawError> {
        let by = match writer.principal() {
            Principal::Account(signed_in) => WithdrawnBy::Account(signed_in.account()),
            Principal::Client(client) => WithdrawnBy::Client(client.id()),
        };
        let (connections, client) = (self.connections.clone(), client.clone());
        // Held until the connection is free, also if the client does not wait.
        let permit = Arc::clone(&self.withdrawals).acquire_owned();
        let permit = tokio::time::timeout(PERMIT_TIMEOUT, permit).await;
        let permit = permit.ok().and_then(Result::ok).ok_or(WithdrawError::Busy)?;
        let withdraw = move || {
            let _permit = permit;
            let mut connection = connections.hold()?;
            let result = Ingest::over(&mut *connection).withdraw(id.get(), by, &client);
            if matches!(result, Err(WithdrawError::Db(StorageError::Unavailable))) {
                connection.discard();
            }
            result
        };
        let done = tokio::task::spawn_blocking(withdraw).await;
        // Also after an error: the transaction may have been committed, or another request may have withdrawn the batch just now.
        self.lease.await_visibility(&self.db).await;
        done.unwrap_or(Err(WithdrawError::Db(StorageError::Failed)))
    }
}
