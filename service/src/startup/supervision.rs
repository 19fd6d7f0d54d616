//! Supervises the tasks that run as long as the service. A panic in one is a bug that leaves its job undone, without a sign of it
//! from outside: it stops the service, which ends with an error, so that it is started again. So does an error that only an
//! operator can end; the service is not started again then.

use crate::secrets::vault::VaultError;
use futures_util::FutureExt;
use std::panic::{AssertUnwindSafe, resume_unwind};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Why a task stops the service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// It panicked. Names the task.
    #[error("a task has failed: {0}")]
    Panicked(&'static str),
    /// Someone else may have the SecretID of a Vault client.
    #[error("Vault: {0}")]
    Vault(VaultError),
}

impl TaskError {
    /// Whether a restart with the same settings cannot help.
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Vault(_))
    }
}

/// Starts tasks and notices their errors. Cheap to clone.
#[derive(Clone, Default)]
pub struct Supervisor(watch::Sender<Option<TaskError>>);

impl Supervisor {
    /// Starts a task. `name` appears in the log.
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &'static str,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let supervisor = self.clone();
        tokio::spawn(async move {
            AssertUnwindSafe(task)
                .catch_unwind()
                .await
                .unwrap_or_else(|panic| {
                    supervisor.report(name);
                    // What joins the task gets the panic.
                    resume_unwind(panic)
                })
        })
    }

    /// Starts a task that ends with nothing but an error, which stops the service.
    pub fn spawn_until_error(
        &self,
        name: &'static str,
        task: impl Future<Output = VaultError> + Send + 'static,
    ) -> JoinHandle<()> {
        let supervisor = self.clone();
        self.spawn(name, async move { supervisor.fail(TaskError::Vault(task.await)) })
    }

    /// Reports a panic in a thread.
    pub fn report(&self, name: &'static str) {
        tracing::error!(task = name, "a task panicked");
        self.fail(TaskError::Panicked(name));
    }

    fn fail(&self, error: TaskError) {
        self.0.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(error);
            is_first
        });
    }

    /// Waits for the first error.
    pub async fn failed(&self) -> TaskError {
        let mut failed = self.0.subscribe();
        let found = failed.wait_for(Option::is_some).await.map(|found| found.clone());
        match found {
            Ok(Some(found)) => found,
            // The sender is `self`, so that this does not happen.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// V1: The error that a task ends with stops the service, and is not one that a restart ends.
    #[tokio::test]
    async fn the_error_of_a_task_is_reported() {
        let supervisor = Supervisor::default();
        let task = supervisor.spawn_until_error("Vault token", async { VaultError::WrapSpent });
        task.await.unwrap();
        let error = supervisor.failed().await;
        assert_eq!(error, TaskError::Vault(VaultError::WrapSpent));
        assert!(error.is_configuration() && !TaskError::Panicked("first").is_configuration());
    }

    /// O10: A task that panics is reported by its name, the first of several; one that ends or is aborted is not.
    #[tokio::test]
    async fn the_first_panic_of_a_task_is_reported() {
        let supervisor = Supervisor::default();
        assert_eq!(supervisor.spawn("ends", async { 7 }).await.unwrap(), 7);
        let endless = supervisor.spawn("endless", std::future::pending::<()>());
        endless.abort();
        assert!(endless.await.unwrap_err().is_cancelled());
        let soon = Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, supervisor.failed()).await.is_err());
        let waiting = tokio::spawn({
            let supervisor = supervisor.clone();
            async move { supervisor.failed().await }
        });
        for name in ["first", "second"] {
            let task = supervisor.spawn(name, async { panic!("planted") });
            let failed: Result<(), _> = task.await;
            assert!(failed.unwrap_err().is_panic());
        }
        assert_eq!(waiting.await.unwrap(), TaskError::Panicked("first"));
        assert_eq!(supervisor.failed().await, TaskError::Panicked("first"));
    }
}
