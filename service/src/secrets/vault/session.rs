//! A token with its lifetime, and the outcome of the last login.

use super::error::VaultError;
use super::lease::renewal_time;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};
use vaultrs::client::VaultClient;

/// The delay after a refusal that only an operator ends. Five wrong SecretIDs lock an AppRole.
pub(super) const REFUSED_DELAY: Duration = Duration::from_secs(60);

/// A token, and a client that sends it.
pub(super) struct Session {
    /// The number of the login.
    pub(super) login: u64,
    pub(super) client: VaultClient,
    lifetime: RwLock<Lifetime>,
    /// The duration that the login granted.
    granted: Duration,
}

/// How long a token is valid.
#[derive(Clone, Copy)]
struct Lifetime {
    /// `None`: it does not end.
    end: Option<Instant>,
    renew_at: Option<Instant>,
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

impl Lifetime {
    fn new(sent: Instant, duration: Duration) -> Self {
        if duration.is_zero() {
            return Self {
                end: None,
                renew_at: None,
            };
        }
        Self {
            end: Some(sent + duration),
            renew_at: Some(renewal_time(sent, duration)),
        }
    }
}

impl Session {
    /// The token of a login that was requested at `sent`. A duration of zero: it does not end.
    pub(super) fn new(login: u64, client: VaultClient, sent: Instant, granted: Duration) -> Self {
        Self {
            login,
            client,
            lifetime: RwLock::new(Lifetime::new(sent, granted)),
            granted,
        }
    }

    /// When to renew the token. `None`: never.
    pub(super) fn renew_at(&self) -> Option<Instant> {
        self.lifetime().renew_at
    }

    /// Whether the token has ended by this process's clock.
    pub(super) fn has_ended(&self) -> bool {
        self.lifetime().end.is_some_and(|end| end <= Instant::now())
    }

    /// The end of the token.
    pub(super) fn end(&self) -> Option<Instant> {
        self.lifetime().end
    }

    /// Records a renewal. Returns whether it restored at least half of the duration of the login; otherwise the token is
    /// close to its maximum TTL.
    pub(super) fn renewed(&self, sent: Instant, duration: Duration) -> bool {
        *self.lifetime.write().unwrap_or_else(PoisonError::into_inner) = Lifetime::new(sent, duration);
        duration.is_zero() || duration >= self.granted / 2
    }

    fn lifetime(&self) -> Lifetime {
        *self.lifetime.read().unwrap_or_else(PoisonError::into_inner)
    }
}
