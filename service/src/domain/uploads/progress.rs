//! The progress of a job, shared by the thread that runs it and the one that reports it.

use crate::domain::batches::outcome::Progress as ImportProgress;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The progress of a job, and whether it is to end. Shared by its two threads.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    /// 0: not counted yet.
    total: AtomicU64,
    stop: AtomicU8,
    /// The backend of the connection that stores, while the job uses it.
    backend: Mutex<Option<i32>>,
}

/// The job uses this backend until this is dropped, so that its statement may be cancelled.
#[must_use]
pub struct BackendUse<'a>(&'a Progress);

impl Drop for BackendUse<'_> {
    fn drop(&mut self) {
        *self.0.lock_backend() = None;
    }
}

/// Why a job ends before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StopReason {
    /// It is to be cancelled.
    Cancelled = 1,
    /// Another replica has it.
    Lost = 2,
    /// The service stops.
    Stopping = 3,
}

impl Progress {
    /// Requests the end of the job. The first reason counts.
    pub fn stop(&self, reason: StopReason) {
        let _ = self
            .stop
            .compare_exchange(0, reason as u8, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Why the job is to end, if it is.
    pub fn stop_reason(&self) -> Option<StopReason> {
        let reason = self.stop.load(Ordering::Acquire);
        [StopReason::Cancelled, StopReason::Lost, StopReason::Stopping]
            .into_iter()
            .find(|known| *known as u8 == reason)
    }

    /// From now on, statements of this backend belong to the job.
    pub fn use_backend(&self, pid: i32) -> BackendUse<'_> {
        *self.lock_backend() = Some(pid);
        BackendUse(self)
    }

    /// Cancels the statement of the job's backend, if the job is to end and has one. The backend is not used by others meanwhile.
    pub fn cancel_statement(&self, cancel: impl FnOnce(i32)) {
        if self.stop_reason().is_none() {
            return;
        }
        let backend = self.lock_backend();
        if let Some(pid) = *backend {
            cancel(pid);
        }
    }

    fn lock_backend(&self) -> MutexGuard<'_, Option<i32>> {
        self.backend.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prices checked or stored so far, and their total as soon as it is counted.
    pub fn counts(&self) -> (u64, Option<u64>) {
        let total = self.total.load(Ordering::Relaxed);
        (self.done.load(Ordering::Relaxed), (total > 0).then_some(total))
    }

    /// Takes over the progress of the import.
    pub fn update(&self, progress: ImportProgress) {
        match progress {
            ImportProgress::Checked(rows) => self.done.store(rows, Ordering::Relaxed),
            ImportProgress::Stored(rows, total) => {
                self.total.store(total, Ordering::Relaxed);
                self.done.store(rows, Ordering::Relaxed);
            }
            ImportProgress::Committing => {}
        }
    }
}
