//! The server: state, clock, pools and injected faults, shared by all requests.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::core::injected_faults::Injected;
use crate::core::state::State;
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
    pub(crate) clock: Clock,
    pub(crate) pools: Pools,
    pub(crate) injected: Injected,
    /// Wakes the background task.
    pub(crate) wake: Notify,
    /// One pass over expired tokens and leases at a time.
    pub(crate) pass: tokio::sync::Mutex<()>,
    /// How long a request may wait for PostgreSQL.
    pub(crate) max_request_duration: Duration,
    /// The address of the active node.
    pub(crate) address: String,
}

impl Vault {
    pub(crate) fn new(address: String, max_request_duration: Duration) -> Vault {
        let clock = Clock::default();
        Vault {
            state: Mutex::new(State::new(clock.now())),
            clock,
            pools: Pools::default(),
            injected: Injected::default(),
            wake: Notify::new(),
            pass: tokio::sync::Mutex::default(),
            max_request_duration,
            address,
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The state, for a short time: never across an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
