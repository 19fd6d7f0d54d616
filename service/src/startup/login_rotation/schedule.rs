//! When the next step of a login is due. Computed from leases and the monotonic clock alone, so that a change of the system's
//! time has no effect.

use crate::secrets::logins::Validity;
use crate::secrets::vault::renewal_time;
use rand::Rng;
use std::time::{Duration, Instant};

/// The shortest time between two steps, whatever Vault answers.
const MIN_INTERVAL: Duration = Duration::from_millis(250);

/// A replaced password is read at most this much later, by chance, so that replicas do not read it at once.
const MAX_READ_DELAY: Duration = Duration::from_millis(500);

/// Why other credentials are issued. Names of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The first ones.
    Start,
    /// Their lease cannot be extended any more.
    Expiry,
    /// Vault has replaced the password.
    Password,
    /// The service has logged in to Vault again: the former leases end with the former token.
    NewVaultLogin,
    /// The lease has ended early.
    Revoked,
    /// The server refuses the login.
    Refused,
}

impl Reason {
    /// The name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Expiry => "expiry",
            Self::Password => "password",
            Self::NewVaultLogin => "new-vault-login",
            Self::Revoked => "revoked",
            Self::Refused => "refused",
        }
    }
}

/// A step of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Extend the lease.
    Renew,
    /// Issue other credentials and use them.
    Replace(Reason),
}

/// The step that follows credentials which were just issued or renewed, and when.
pub fn next_step(validity: &Validity, now: Instant) -> (Instant, Step) {
    let (at, step) = match validity {
        // At two thirds of a lease it would be too late only if building a pool took the rest.
        Validity::Lease(lease) if lease.is_cut() => (now, Step::Replace(Reason::Expiry)),
        Validity::Lease(lease) if lease.is_renewable() => (lease.renew_at(), Step::Renew),
        Validity::Lease(lease) => (lease.renew_at(), Step::Replace(Reason::Expiry)),
        Validity::Password { obtained, remaining } => {
            let delay = MAX_READ_DELAY.mul_f64(rand::rng().random());
            (*obtained + *remaining + delay, Step::Replace(Reason::Password))
        }
        Validity::Token { obtained, end } => {
            let lifetime = end.saturating_duration_since(*obtained);
            (renewal_time(*obtained, lifetime), Step::Replace(Reason::Expiry))
        }
    };
    (at.max(now + MIN_INTERVAL), step)
}

/// The step after a failed one: a lease that cannot be extended is not the only way, so that new credentials are tried too once
/// most of it is over.
pub fn step_after_failure(failed: Step, validity: Option<&Validity>) -> Step {
    match (failed, validity) {
        (Step::Renew, Some(Validity::Lease(lease))) if lease.is_mostly_over() => {
            Step::Replace(Reason::Expiry)
        }
        _ => failed,
    }
}

/// When a failed step is taken again: after a delay, but while credentials are valid at most after a quarter of what remains of
/// them, so that a delay that has grown does not outlast short ones.
pub fn retry_time(delay: Duration, end: Option<Instant>, now: Instant) -> Instant {
    let remaining = end.map_or(Duration::ZERO, |end| end.saturating_duration_since(now));
    if remaining.is_zero() {
        return now + delay;
    }
    now + delay.min((remaining / 4).max(MIN_INTERVAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(validity: &Validity) -> (f64, Step) {
        let now = Instant::now();
        let (at, step) = next_step(validity, now);
        ((at - now).as_secs_f64(), step)
    }

    #[test]
    fn a_token_is_replaced_at_two_thirds_of_its_lifetime() {
        let obtained = Instant::now();
        let end = obtained + Duration::from_secs(3600);
        let (seconds, step) = next(&Validity::Token { obtained, end });
        assert!((2150.0..=2401.0).contains(&seconds), "{seconds}");
        assert_eq!(step, Step::Replace(Reason::Expiry));
    }

    #[test]
    fn a_static_password_is_read_when_it_was_replaced() {
        let validity = Validity::Password {
            obtained: Instant::now(),
            remaining: Duration::from_secs(60),
        };
        let (seconds, step) = next(&validity);
        assert!((59.0..=60.6).contains(&seconds), "{seconds}");
        assert_eq!(step, Step::Replace(Reason::Password));
    }

    #[test]
    fn a_failed_step_is_taken_again_before_the_credentials_end() {
        let now = Instant::now();
        let delay = Duration::from_secs(6);
        let after = |remaining: Option<u64>| {
            let end = remaining.map(|millis| now + Duration::from_millis(millis));
            (retry_time(delay, end, now) - now).as_millis()
        };
        assert_eq!(after(Some(1_200_000)), 6_000);
        assert_eq!(after(Some(4_000)), 1_000);
        assert_eq!(after(Some(100)), 250);
        // What has ended, or was never issued, is no reason to hurry.
        assert_eq!((after(Some(0)), after(None)), (6_000, 6_000));
    }

    #[test]
    fn no_step_follows_at_once_whatever_the_server_answers() {
        let ended = Instant::now();
        let validity = [
            Validity::Password {
                obtained: ended,
                remaining: Duration::ZERO,
            },
            Validity::Token {
                obtained: ended,
                end: ended,
            },
        ];
        for validity in validity {
            assert!(next(&validity).0 >= MIN_INTERVAL.as_secs_f64());
        }
    }
}
