//! Injected faults: answers that the control interface plants, a server that hangs, an audit device that cannot write.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::watch;

/// What happens to a request instead of, or before, its handling.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    /// Waits, then handles it.
    DelayMs(u64),
    /// Answers with this status and error text.
    Error { status: u16, text: String },
    /// Answers 200 with this text as JSON.
    Body(String),
    /// Answers 307 with this location.
    Redirect(String),
    /// Closes the connection without an answer.
    Disconnect,
    /// Handles it, then closes the connection without the answer.
    LoseAnswer,
    /// Handles it; the lease that it issues ends after this time, although the answer states more.
    EndLeaseAfterMs(i64),
}

/// An effect on the requests below a path.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// The beginning of the path, without `/v1/`; empty for all.
    #[serde(default)]
    pub(crate) path: String,
    pub(crate) effect: Effect,
    /// The number of requests; all without it.
    pub(crate) times: Option<u32>,
}

/// What is injected at the moment.
pub(crate) struct Injected {
    rules: Mutex<Vec<Rule>>,
    audit_is_full: AtomicBool,
    is_frozen: watch::Sender<bool>,
}

impl Default for Injected {
    fn default() -> Injected {
        Injected {
            rules: Mutex::default(),
            audit_is_full: AtomicBool::new(false),
            is_frozen: watch::Sender::new(false),
        }
    }
}

impl Injected {
    pub(crate) fn add(&self, rule: Rule) {
        self.rules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(rule);
    }

    /// Ends everything that is injected.
    pub(crate) fn clear(&self) {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.set_audit_full(false);
        self.set_frozen(false);
    }

    pub(crate) fn set_audit_full(&self, full: bool) {
        self.audit_is_full.store(full, Ordering::SeqCst);
    }

    pub(crate) fn audit_is_full(&self) -> bool {
        self.audit_is_full.load(Ordering::SeqCst)
    }

    pub(crate) fn set_frozen(&self, frozen: bool) {
        self.is_frozen.send_replace(frozen);
    }

    /// Waits while the server hangs.
    pub(crate) async fn wait_while_frozen(&self) {
        let mut is_frozen = self.is_frozen.subscribe();
        // The sender lives as long as this.
        let _unfrozen = is_frozen.wait_for(|frozen| !frozen).await;
    }

    /// The effect of the first rule for this path, which is used up once; after waiting for a delay.
    pub(crate) async fn effect(&self, path: &str) -> Option<Effect> {
        let effect = self.take(path)?;
        if let Effect::DelayMs(milliseconds) = effect {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            return None;
        }
        Some(effect)
    }

    fn take(&self, path: &str) -> Option<Effect> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let at = rules.iter().position(|rule| path.starts_with(&rule.path))?;
        let effect = rules[at].effect.clone();
        if let Some(times) = &mut rules[at].times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                rules.remove(at);
            }
        }
        Some(effect)
    }
}
