//! When to retry a delivery, and when to give up: pure functions with exponential back-off.

use super::delivery_error::DeliveryError;
use crate::db::outbox::{DeliveryOutcome, WaitingMail};
use std::time::Duration;

/// The delay after the first failure; it doubles with each further one.
const BASE_DELAY: Duration = Duration::from_secs(5);

/// The maximum delay.
const MAX_DELAY: Duration = Duration::from_secs(3600);

/// The age at which a mail is given up.
const MAX_AGE: chrono::TimeDelta = chrono::TimeDelta::days(2);

/// The maximum pause of all deliveries while the transport is unavailable.
const MAX_TRANSPORT_BACKOFF: Duration = Duration::from_secs(30);

/// The outcome of a failed delivery. `jitter` from 0.0 to 1.0 spreads the retries of mails that failed together.
pub fn outcome_after(error: &DeliveryError, mail: &WaitingMail, jitter: f64) -> DeliveryOutcome {
    let reason = error.reason().to_owned();
    if matches!(error, DeliveryError::Permanent(_)) {
        return DeliveryOutcome::GiveUp { reason };
    }
    let delay = doubled(BASE_DELAY, mail.tries, MAX_DELAY).mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0));
    let next = mail.now + delay;
    let is_over = mail.expires_at.is_some_and(|end| end <= next) || mail.created_at + MAX_AGE <= next;
    if is_over {
        DeliveryOutcome::GiveUp { reason }
    } else {
        DeliveryOutcome::Retry { delay, reason }
    }
}

/// How long all deliveries pause after this many consecutive transport failures.
pub fn transport_backoff(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        _ => doubled(
            Duration::from_secs(1),
            i32::try_from(failures - 1).unwrap_or(i32::MAX),
            MAX_TRANSPORT_BACKOFF,
        ),
    }
}

fn doubled(base: Duration, times: i32, max: Duration) -> Duration {
    let factor = 1u32 << times.clamp(0, 20);
    base.saturating_mul(factor).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::clock;
    use uuid::Uuid;

    fn mail(tries: i32, age: chrono::TimeDelta, left: Option<chrono::TimeDelta>) -> WaitingMail {
        let now = clock::now();
        WaitingMail {
            id: 1,
            message_id: Uuid::nil(),
            kind: "confirm".to_owned(),
            recipient: "ann@example.org".to_owned(),
            data: serde_json::Value::Null,
            link_id: None,
            created_at: now - age,
            expires_at: left.map(|left| now + left),
            tries,
            now,
        }
    }

    fn delay_of(tries: i32, jitter: f64) -> u64 {
        let error = DeliveryError::Temporary("recipient: refused with 450".into());
        match outcome_after(&error, &mail(tries, chrono::TimeDelta::zero(), None), jitter) {
            DeliveryOutcome::Retry { delay, reason } => {
                assert_eq!(reason, "recipient: refused with 450");
                delay.as_secs()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn delays_double_from_five_seconds_to_an_hour_with_jitter() {
        let delays: Vec<u64> = (0..12).map(|tries| delay_of(tries, 0.5)).collect();
        assert_eq!(delays, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        assert_eq!((delay_of(3, 0.0), delay_of(3, 1.0)), (32, 48));
        assert_eq!(delay_of(i32::MAX, 0.5), 3600);
    }

    #[test]
    fn a_mail_is_given_up_when_it_expires_or_is_rejected_for_good() {
        let (temporary, permanent) = (
            DeliveryError::Temporary("x".into()),
            DeliveryError::Permanent("x".into()),
        );
        let (minute, day) = (chrono::TimeDelta::minutes(1), chrono::TimeDelta::days(1));
        for (error, mail, is_retried) in [
            (&temporary, mail(0, day, None), true),
            (&temporary, mail(0, day * 2, None), false),
            (&temporary, mail(0, day, Some(minute)), true),
            (&temporary, mail(5, day, Some(minute)), false),
            (&temporary, mail(0, day, Some(-minute)), false),
            (&permanent, mail(0, minute, None), false),
        ] {
            assert_eq!(
                matches!(outcome_after(error, &mail, 0.5), DeliveryOutcome::Retry { .. }),
                is_retried,
                "{mail:?}"
            );
        }
    }

    #[test]
    fn transport_failures_back_off() {
        let pauses: Vec<u64> = [0, 1, 2, 3, 6, 7, u32::MAX]
            .map(|n| transport_backoff(n).as_secs())
            .to_vec();
        assert_eq!(pauses, [0, 1, 2, 4, 30, 30, 30]);
    }
}
