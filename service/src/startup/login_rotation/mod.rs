//! Issues the credentials of the database logins, renews and replaces them while the service runs, and revokes them when it
//! stops. One task per login.

/// When suspected credentials are checked.
mod check_times;

/// What all tasks share.
mod context;

/// Ends credentials that were replaced.
mod former_login;

/// One login.
mod rotation;

/// When the next step is due.
mod schedule;

use super::supervision::Supervisor;
use crate::config::database::Login;
use crate::db::pool::Connections;
pub use context::RotationContext;
use rotation::Rotation;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a stop waits for a step that has begun, such as the opening of a pool.
const STEP_TIMEOUT: Duration = Duration::from_secs(8);

/// How long a stop waits until the credentials are revoked.
const REVOCATION_TIMEOUT: Duration = Duration::from_secs(4);

/// The logins whose credentials are issued, not yet rotating.
#[derive(Default)]
pub struct LoginRotations(Vec<Rotation>);

impl LoginRotations {
    /// Adds a login. It has no credentials until the task has issued some.
    pub fn add(&mut self, context: RotationContext, login: Login, connections: Connections) {
        self.0.push(Rotation::new(context, login, connections));
    }

    /// Starts the tasks.
    pub fn start(self, supervisor: &Supervisor) -> RunningRotations {
        let (stop, stopped) = watch::channel(false);
        let start =
            |rotation: Rotation| supervisor.spawn("rotation of a login", rotation.run(stopped.clone()));
        let tasks = self.0.into_iter().map(start).collect();
        RunningRotations { stop, tasks }
    }
}

/// The running tasks.
pub struct RunningRotations {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<Rotation>>,
}

impl RunningRotations {
    /// Ends the tasks: no further credentials are issued or used.
    pub async fn stop(self) -> StoppedRotations {
        let _ = self.stop.send(true);
        let tasks = self.tasks.into_iter().map(|mut task| async move {
            let rotation = tokio::time::timeout(STEP_TIMEOUT, &mut task).await;
            task.abort();
            rotation.ok().and_then(Result::ok)
        });
        let rotations = futures_util::future::join_all(tasks).await;
        StoppedRotations(rotations.into_iter().flatten().collect())
    }
}

/// What remains to be revoked.
pub struct StoppedRotations(Vec<Rotation>);

impl StoppedRotations {
    /// Revokes all credentials. Their connections are closed. What cannot be revoked in time ends with its lease.
    pub async fn revoke(self) {
        let all = futures_util::future::join_all(self.0.into_iter().map(Rotation::revoke));
        if tokio::time::timeout(REVOCATION_TIMEOUT, all).await.is_err() {
            tracing::warn!("not all database logins could be revoked; the others end with their leases");
        }
    }
}
