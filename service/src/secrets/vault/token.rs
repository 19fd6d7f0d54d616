//! A token, the client that sends it, and its lifetime.

use super::http_client::ApiClient;
use super::renewal_time::renewal_time;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// A token, and a client that sends it.
pub(super) struct Token {
    pub(super) client: ApiClient,
    /// How long it is valid.
    pub(super) lifetime: TokenLifetime,
    /// The duration that the login granted.
    granted: Duration,
}

/// How long a token is valid, as of its last renewal. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct TokenLifetime(Arc<RwLock<Times>>);

#[derive(Clone, Copy, Debug)]
struct Times {
    /// `None`: it does not end.
    end: Option<Instant>,
    renew_at: Option<Instant>,
}

impl Times {
    /// Of a token that does not end.
    const ENDLESS: Self = Self {
        end: None,
        renew_at: None,
    };

    /// Of a token that ends.
    fn new(sent: Instant, duration: Duration) -> Self {
        Self {
            end: Some(sent + duration),
            renew_at: Some(renewal_time(sent, duration)),
        }
    }
}

impl TokenLifetime {
    /// Of a token that was requested at `sent`. A duration of zero: it does not end.
    pub(super) fn new(sent: Instant, duration: Duration) -> Self {
        let times = if duration.is_zero() {
            Times::ENDLESS
        } else {
            Times::new(sent, duration)
        };
        Self(Arc::new(RwLock::new(times)))
    }

    /// When to renew the token. `None`: never.
    pub(super) fn renew_at(&self) -> Option<Instant> {
        self.times().renew_at
    }

    /// Whether the token has ended by this process's clock.
    pub(super) fn has_ended(&self) -> bool {
        self.end().is_some_and(|end| end <= Instant::now())
    }

    /// The end of the token.
    pub(super) fn end(&self) -> Option<Instant> {
        self.times().end
    }

    fn set(&self, times: Times) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = times;
    }

    fn times(&self) -> Times {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Token {
    /// The token of a login that was requested at `sent`. A duration of zero: it does not end.
    pub(super) fn new(client: ApiClient, sent: Instant, granted: Duration) -> Self {
        Self {
            client,
            lifetime: TokenLifetime::new(sent, granted),
            granted,
        }
    }

    /// Records a renewal. Returns whether it restored at least half of the duration of the login; otherwise the token is
    /// close to its maximum TTL. Vault answers whole seconds: zero is the last one of a token that ends.
    pub(super) fn renewed(&self, sent: Instant, duration: Duration) -> bool {
        if self.granted.is_zero() {
            return true;
        }
        self.lifetime.set(Times::new(sent, duration));
        duration >= self.granted / 2
    }

    /// Records that it was revoked.
    pub(super) fn revoked(&self) {
        self.lifetime.set(Times {
            end: Some(Instant::now()),
            renew_at: None,
        });
    }
}
