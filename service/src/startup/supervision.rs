//! Supervises the tasks that run as long as the service. A panic in one is a bug that leaves its job undone, without a sign of it
//! from outside: it stops the service, which ends with an error, so that it is started again.

use futures_util::FutureExt;
use std::panic::{AssertUnwindSafe, resume_unwind};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A task panicked. Names the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a task has failed: {0}")]
pub struct TaskPanicked(pub &'static str);

/// Starts tasks and notices panics. Cheap to clone.
#[derive(Clone, Default)]
pub struct Supervisor(watch::Sender<Option<TaskPanicked>>);

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

    /// Reports a panic in a thread.
    pub fn report(&self, name: &'static str) {
        tracing::error!(task = name, "a task panicked");
        self.0.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(TaskPanicked(name));
            is_first
        });
    }

    /// Waits for the first panic.
    pub async fn panicked(&self) -> TaskPanicked {
        let mut panicked = self.0.subscribe();
        let found = panicked.wait_for(Option::is_some).await.map(|found| *found);
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

    /// O10: A task that panics is reported by its name, the first of several; one that ends or is aborted is not.
    #[tokio::test]
    async fn the_first_panic_of_a_task_is_reported() {
        let supervisor = Supervisor::default();
        assert_eq!(supervisor.spawn("ends", async { 7 }).await.unwrap(), 7);
        let endless = supervisor.spawn("endless", std::future::pending::<()>());
        endless.abort();
        assert!(endless.await.unwrap_err().is_cancelled());
        let soon = Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, supervisor.panicked()).await.is_err());
        let waiting = tokio::spawn({
            let supervisor = supervisor.clone();
            async move { supervisor.panicked().await }
        });
        for name in ["first", "second"] {
            let task = supervisor.spawn(name, async { panic!("planted") });
            let failed: Result<(), _> = task.await;
            assert!(failed.unwrap_err().is_panic());
        }
        assert_eq!(waiting.await.unwrap(), TaskPanicked("first"));
        assert_eq!(supervisor.panicked().await, TaskPanicked("first"));
    }
}
