//! The server: state, clock, pools and injected faults, shared by all requests.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::core::injected_faults::Injected;
use crate::core::state::State;
use crate::core::storage::Storage;
use crate::database::Pools;

/// Which of the two listeners a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    Active,
    Standby,
}

/// One server.
pub(crate) struct Vault {
    state: Mutex<State>,
    storage: Option<Storage>,
    pub(crate) clock: Clock,
    pub(crate) pools: Pools,
    pub(crate) injected: Injected,
    /// Wakes the background task.
    pub(crate) wake: Notify,
    /// One pass over expired tokens and leases at a time.
    pub(crate) pass: tokio::sync::Mutex<()>,
    max_request_ms: AtomicU64,
    /// The address of the active node.
    pub(crate) address: String,
}

impl Vault {
    /// A new server, or the one that is stored in the file, sealed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn new(
        address: String,
        max_request_duration: Duration,
        file: Option<PathBuf>,
    ) -> Result<Vault> {
        let clock = Clock::default();
        let storage = file.map(Storage::new);
        let stored = storage.as_ref().map(Storage::load).transpose()?.flatten();
        let state = match stored {
            Some(stored) => {
                clock.advance(stored.clock_offset_ms);
                stored.state
            }
            None => State::new(clock.now()),
        };
        Ok(Vault {
            state: Mutex::new(state),
            storage,
            clock,
            pools: Pools::default(),
            injected: Injected::default(),
            wake: Notify::new(),
            pass: tokio::sync::Mutex::default(),
            max_request_ms: AtomicU64::new(milliseconds(max_request_duration)),
            address,
        })
    }

    /// Stores the state, where it has a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn save(&self) -> Result<()> {
        let Some(storage) = &self.storage else {
            return Ok(());
        };
        storage.save(self.clock.offset_ms(), &self.state())
    }

    /// How long a request may wait for PostgreSQL.
    pub(crate) fn max_request_duration(&self) -> Duration {
        Duration::from_millis(self.max_request_ms.load(Ordering::SeqCst))
    }

    pub(crate) fn set_max_request_duration(&self, duration: Duration) {
        self.max_request_ms
            .store(milliseconds(duration), Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The state, for a short time: never across an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
