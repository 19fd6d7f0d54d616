//! A lease: how long what Vault issued is valid. Measured from before the request, by a clock that no one can change.

use super::renewal_time::renewal_time;
use super::session::Session;
use super::token::TokenLifetime;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer times are cut. An answer can name times that no clock reaches, and adding those to the present would panic.
const MAX_TTL: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// A number of seconds of an answer.
pub(super) fn ttl(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(MAX_TTL)
}

/// The lease of an issued login. While there is a copy of it, the token that it was issued under is not revoked.
#[derive(Clone, Debug)]
pub struct Lease {
    id: String,
    granted: Duration,
    duration: Duration,
    obtained: Instant,
    renew_at: Instant,
    renewable: bool,
    /// Whose token it ends with. `None`: its token is its own.
    session: Option<Arc<Session>>,
}

/// When a lease ends. Unlike the lease it does not keep the token from being revoked.
#[derive(Clone, Debug)]
pub struct LeaseEnd {
    end: Instant,
    /// Of the token that it ends with.
    token: Option<TokenLifetime>,
}

impl LeaseEnd {
    /// The earlier end of lease and token, as of the token's last renewal.
    pub fn at(&self) -> Instant {
        let token = self.token.as_ref().and_then(TokenLifetime::end);
        token.map_or(self.end, |token| token.min(self.end))
    }
}

/// Whether a lease exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// It ends after this time.
    Active(Duration),
    /// It has ended, or was never known.
    Gone,
}

impl Lease {
    /// A lease of an answer to a request that was sent at `sent`, under the token of this session.
    pub(super) fn new(
        id: String,
        seconds: u32,
        renewable: bool,
        sent: Instant,
        session: Option<Arc<Session>>,
    ) -> Self {
        let duration = ttl(seconds.into());
        Self {
            id,
            granted: duration,
            duration,
            obtained: sent,
            renew_at: renewal_time(sent, duration),
            renewable,
            session,
        }
    }

    /// The lease after a renewal that was requested at `sent`.
    pub(super) fn renewed(&mut self, seconds: u32, renewable: bool, sent: Instant) {
        self.duration = ttl(seconds.into());
        self.obtained = sent;
        self.renew_at = renewal_time(sent, self.duration);
        self.renewable = renewable;
    }

    /// Its id. Any token with the permission can revoke it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The duration that was granted when it was issued.
    pub fn granted(&self) -> Duration {
        self.granted
    }

    /// The duration that was granted last. When renewals no longer restore it, the maximum TTL is near.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Whether the last renewal was cut, so that the next login is due.
    pub fn is_cut(&self) -> bool {
        self.duration < self.granted
    }

    /// Whether less than a fifth of it is left.
    pub fn is_mostly_over(&self) -> bool {
        self.obtained.elapsed() * 5 > self.duration * 4
    }

    /// The time until it ends; zero afterwards. It ends with its token.
    pub fn remaining(&self) -> Duration {
        self.end().at().saturating_duration_since(Instant::now())
    }

    /// When it ends, unless it is renewed.
    pub fn end(&self) -> LeaseEnd {
        let session = self.session.as_ref();
        LeaseEnd {
            end: self.obtained + self.duration,
            token: session.map(|session| session.token.lifetime.clone()),
        }
    }

    /// When to renew it: at two thirds, with jitter.
    pub fn renew_at(&self) -> Instant {
        self.renew_at
    }

    /// Whether it can be renewed.
    pub fn is_renewable(&self) -> bool {
        self.renewable
    }

    /// The number of the session with Vault that it was issued in. It ends when that session's token ends. 0: its token is its
    /// own.
    pub fn session_number(&self) -> u64 {
        self.session.as_ref().map_or(0, |session| session.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_renewed_at_two_thirds_with_jitter() {
        let sent = Instant::now();
        let times: Vec<f64> = (0..200)
            .map(|_| Lease::new("a".to_owned(), 3600, true, sent, None).renew_at())
            .map(|time| (time - sent).as_secs_f64())
            .collect();
        assert!(
            times.iter().all(|time| (2159.9..=2400.1).contains(time)),
            "{times:?}"
        );
        let (min, max) = (
            times.iter().copied().fold(f64::MAX, f64::min),
            times.iter().copied().fold(0.0, f64::max),
        );
        assert!(max - min > 120.0, "{min} to {max}");
    }

    #[test]
    fn a_renewal_that_does_not_restore_the_duration_shows_the_maximum() {
        let sent = Instant::now();
        let mut lease = Lease::new("a".to_owned(), 60, true, sent, None);
        lease.renewed(60, true, sent);
        assert!(!lease.is_cut());
        lease.renewed(12, true, sent);
        assert!(lease.is_cut());
        assert!(lease.remaining() <= Duration::from_secs(12));
        let ended = Lease::new("a".to_owned(), 0, true, sent, None);
        assert_eq!(ended.remaining(), Duration::ZERO);
    }

    #[test]
    fn a_lease_ends_with_its_token() {
        let (sent, seconds) = (Instant::now(), Duration::from_secs);
        let token = TokenLifetime::new(sent, seconds(20));
        let end = |lease| LeaseEnd {
            end: sent + seconds(lease),
            token: Some(token.clone()),
        };
        assert_eq!(end(60).at(), sent + seconds(20));
        assert_eq!(end(10).at(), sent + seconds(10));
        let endless = LeaseEnd {
            token: Some(TokenLifetime::new(sent, Duration::ZERO)),
            ..end(60)
        };
        assert_eq!(endless.at(), sent + seconds(60));
    }
}
