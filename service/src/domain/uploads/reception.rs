//! A body that is being received: hashed and stored in parts, so that memory does not grow with its size. Dropping it gives the
//! upload up.

use super::signal::Signal;
use crate::db::Db;
use crate::db::uploads::{self, NewUpload, Owned, OwnedOutcome, UploadRow};
use crate::domain::StorageError;
use crate::types::upload::BatchId;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Size of a stored part in bytes.
const PART_SIZE: usize = 256 * 1024;

/// How often giving an upload up is attempted: what prevents that it is received may prevent this, too.
const ABANDON_ATTEMPTS: u32 = 10;

/// Delay before the next attempt.
const ABANDON_DELAY: Duration = Duration::from_secs(1);

/// Distinguishes this encoding of a request from others.
const DOMAIN: &str = "portcullis upload 1";

/// A body that is being received.
pub struct Reception {
    db: Db,
    signal: Signal,
    target: Target,
    hash: Sha256,
    part: Vec<u8>,
    parts: i64,
}

/// What becomes of the body.
enum Target {
    /// It is stored.
    Store(Owned),
    /// It is compared with the one that was received with the same key.
    Compare(Box<UploadRow>),
    /// It is queued.
    Done,
}

/// A body that was received.
#[derive(Debug)]
pub enum Received {
    /// It is queued now.
    Queued(UploadRow),
    /// The same request was received before.
    Repeated(UploadRow),
    /// The key was used for another request.
    KeyReused,
}

/// Why a body cannot be received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// It was cancelled, or another request took it over.
    #[error("the upload was cancelled")]
    Cancelled,
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Reception {
    pub(super) fn store(db: &Db, signal: &Signal, new: &NewUpload, owned: Owned) -> Self {
        Self::new(db, signal, new, Target::Store(owned))
    }

    pub(super) fn compare(db: &Db, signal: &Signal, new: &NewUpload, row: Box<UploadRow>) -> Self {
        Self::new(db, signal, new, Target::Compare(row))
    }

    fn new(db: &Db, signal: &Signal, new: &NewUpload, target: Target) -> Self {
        let head = [
            DOMAIN,
            new.format.as_str(),
            new.coding.as_str(),
            if new.dry_run { "dry" } else { "store" },
        ];
        Self {
            db: db.clone(),
            signal: signal.clone(),
            target,
            hash: Sha256::new_with_prefix(head.join("\n") + "\n"),
            part: Vec::new(),
            parts: 0,
        }
    }

    /// Takes the next bytes.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), ReceiveError> {
        self.hash.update(bytes);
        if matches!(self.target, Target::Compare(_)) {
            return Ok(());
        }
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PART_SIZE - self.part.len()));
            self.part.extend_from_slice(now);
            bytes = later;
            if self.part.len() == PART_SIZE {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// Ends the body: queues the upload, or compares it with the former one.
    pub async fn finish(mut self) -> Result<Received, ReceiveError> {
        let digest: [u8; 32] = self.hash.clone().finalize().into();
        if !self.part.is_empty() {
            self.flush().await?;
        }
        match &self.target {
            Target::Store(owned) => {
                // If the client leaves meanwhile, the upload is given up unless it is queued already.
                let queued = uploads::enqueue(&self.db, *owned, digest).await?;
                self.target = Target::Done;
                self.signal.wake();
                queued.map(Received::Queued).ok_or(ReceiveError::Cancelled)
            }
            Target::Compare(row) if row.digest.as_deref() == Some(&digest[..]) => {
                // The state may have changed since.
                let current = uploads::find(&self.db, BatchId::of(row.id)).await?;
                Ok(Received::Repeated(current.unwrap_or_else(|| (**row).clone())))
            }
            Target::Compare(_) => Ok(Received::KeyReused),
            Target::Done => Err(ReceiveError::Cancelled),
        }
    }

    async fn flush(&mut self) -> Result<(), ReceiveError> {
        let Target::Store(owned) = self.target else {
            return Ok(());
        };
        let part = std::mem::take(&mut self.part);
        match uploads::append(&self.db, owned, self.parts, part).await? {
            OwnedOutcome::Written => self.parts += 1,
            OwnedOutcome::Lost => return Err(ReceiveError::Cancelled),
        }
        Ok(())
    }
}

impl Drop for Reception {
    fn drop(&mut self) {
        let Target::Store(owned) = self.target else {
            return;
        };
        let db = self.db.clone();
        tokio::spawn(async move {
            for _ in 0..ABANDON_ATTEMPTS {
                if uploads::abandon(&db, owned).await.is_ok() {
                    return;
                }
                tokio::time::sleep(ABANDON_DELAY).await;
            }
            // The lease ends.
        });
    }
}
