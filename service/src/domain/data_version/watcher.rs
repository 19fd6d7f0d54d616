//! The thread that reads the version of the data, on a connection of its own: work that waits for a connection must not end the lease.

use super::VersionLease;
use crate::db::DbError;
use crate::db::data_version;
use crate::db::pool::Connections;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Time between two reads: several in the time of a lease.
const INTERVAL: Duration = Duration::from_millis(40);

/// Delay before the next attempt after an error of the database.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// A running thread. Dropping it stops it.
pub struct VersionWatcher {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl VersionWatcher {
    /// Starts the thread over connections of a login that may read the version. `panicked` is called if it ends by a bug.
    pub fn start(
        connections: Connections,
        lease: VersionLease,
        panicked: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let watch = move || {
            if catch_unwind(AssertUnwindSafe(|| watch(&connections, &lease, &stopped))).is_err() {
                panicked();
            }
        };
        let thread = std::thread::Builder::new()
            .name("portcullis-version".to_owned())
            .spawn(watch)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Stops the thread and waits for it, at most as long as a statement takes.
    pub fn stop(mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads the version until the service stops.
fn watch(connections: &Connections, lease: &VersionLease, stopped: &Receiver<()>) {
    loop {
        let pause = match watch_on_one_connection(connections, lease, stopped) {
            Ok(()) => Duration::ZERO,
            Err(error) => {
                lease.end();
                tracing::debug!(%error, "cannot read the version of the rates, will retry");
                RETRY_DELAY
            }
        };
        if is_stopped(stopped, pause) {
            return;
        }
    }
}

/// The same until the credentials are replaced or the connection fails.
fn watch_on_one_connection(
    connections: &Connections,
    lease: &VersionLease,
    stopped: &Receiver<()>,
) -> Result<(), DbError> {
    let mut connection = connections.hold()?;
    while !connection.is_replaced() {
        let begun = Instant::now();
        match data_version::read(&mut connection) {
            Ok(version) => lease.renew(version, begun),
            Err(error) => {
                connection.discard();
                return Err(DbError::of("read_data_version", &error));
            }
        }
        if is_stopped(stopped, INTERVAL) {
            break;
        }
    }
    Ok(())
}

/// Waits for this time or until the service stops.
fn is_stopped(stopped: &Receiver<()>, time: Duration) -> bool {
    stopped.recv_timeout(time) == Err(RecvTimeoutError::Disconnected)
}
