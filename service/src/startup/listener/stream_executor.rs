//! Runs the streams of HTTP/2 connections, and resets a stream whose client does not read its response.

use super::response_body::ResponseProgress;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

tokio::task_local! {
    /// The response of the stream that the current task runs.
    static RESPONSE: OnceLock<Arc<ResponseProgress>>;
}

/// Runs each stream as a task.
#[derive(Clone, Copy, Debug)]
pub struct StreamExecutor {
    timeout: Duration,
}

impl StreamExecutor {
    /// Resets streams whose client takes nothing for this long.
    pub fn new(timeout: Duration) -> Self {
        Self { timeout }
    }

    /// Watches the response of the current stream.
    pub fn watch(response: &Arc<ResponseProgress>) {
        let _ = RESPONSE.try_with(|watched| watched.set(Arc::clone(response)));
    }
}

impl<F> hyper::rt::Executor<F> for StreamExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, stream: F) {
        tokio::spawn(RESPONSE.scope(OnceLock::new(), run(stream, self.timeout)));
    }
}

/// Dropping a stream resets it (`RST_STREAM`) and frees what it holds.
async fn run<F: Future>(stream: F, timeout: Duration) {
    let mut stream = pin!(stream);
    let mut check = tokio::time::interval(timeout / 8);
    let is_stalled = |watched: &OnceLock<Arc<ResponseProgress>>| {
        watched.get().is_some_and(|response| response.is_stalled(timeout))
    };
    loop {
        tokio::select! {
            _ = &mut stream => return,
            _ = check.tick() => if RESPONSE.with(is_stalled) { return },
        }
    }
}
