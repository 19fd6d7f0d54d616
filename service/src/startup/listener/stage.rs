//! The stages of a shutdown, as a listener and its connections follow them.

use tokio::sync::watch;

/// How far a shutdown has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// It was not requested.
    #[default]
    Serving,
    /// New connections are served, and each ends with its next response, so that only those without a request in this stage are idle
    /// when the listener closes: a request that arrives while its connection is being closed is lost.
    Draining,
    /// The listener closes, and connections end with their running requests.
    Closing,
}

/// Resolves when the listener closes.
pub(super) async fn closing(stage: &mut watch::Receiver<Stage>) {
    // A service that is gone closes as well.
    let _ = stage.wait_for(|stage| *stage == Stage::Closing).await;
}
