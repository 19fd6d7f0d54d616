//! A login to Vault with its token, and the outcome of the last one.

use super::error::VaultError;
use super::token::Token;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The delay after a refusal that only an operator ends. Five wrong SecretIDs lock an AppRole.
pub(super) const REFUSED_DELAY: Duration = Duration::from_secs(60);

/// A login, shared by the client, the calls and the leases under its token.
pub(super) struct Session {
    /// Counts the logins of a client, from 1.
    pub(super) number: u64,
    pub(super) token: Arc<Token>,
    /// Called when no call and no lease needs the token any more.
    pub(super) release: Release,
}

/// Ends the token of the session of this number.
pub(super) type Release = Box<dyn Fn(u64, &Arc<Token>) + Send + Sync>;

/// The current session is dropped after another one has taken its place, with the last call and the last lease under its token.
impl Drop for Session {
    fn drop(&mut self) {
        (self.release)(self.number, &self.token);
    }
}

/// The outcome of the last login.
#[derive(Default)]
pub(super) struct LoginOutcome {
    pub(super) attempts: u64,
    pub(super) error: Option<VaultError>,
    refusal: Option<Refusal>,
}

/// A login that Vault refused.
struct Refusal {
    error: VaultError,
    at: Instant,
    /// Of the secret that was refused.
    fingerprint: Option<u64>,
}

impl LoginOutcome {
    /// Records a login with the secret of this fingerprint.
    pub(super) fn record(&mut self, error: Option<&VaultError>, fingerprint: Option<u64>) {
        self.attempts += 1;
        self.error = error.cloned();
        let refusal = error.filter(|error| error.is_answer());
        self.refusal = refusal.map(|error| Refusal {
            error: error.clone(),
            at: Instant::now(),
            fingerprint,
        });
    }

    /// The refusal that a login with the secret of this fingerprint would most likely meet again.
    pub(super) fn refusal(&self, fingerprint: Option<u64>) -> Option<VaultError> {
        let refusal = self.refusal.as_ref()?;
        let holds = refusal.fingerprint == fingerprint && refusal.at.elapsed() < REFUSED_DELAY;
        holds.then(|| refusal.error.clone())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.number)
    }
}
