//! When to try again, and when to give up. A pure function of what is known of a mail.
use super::delivery_error::DeliveryError;
use crate::db::outbox::{DeliveryOutcome, WaitingMail};
use std::time::Duration;

/// The first wait.
const BASE_DELAY: Duration = Duration::from_secs(5);

/// The longest wait.
const MAX_DELAY: Duration = Duration::from_secs(3600);

/// After this a mail is not tried again.
const MAX_AGE: chrono::TimeDelta = chrono::TimeDelta::days(2);

/// The longest pause of all mails when the way out is broken.
const MAX_TRANSPORT_BACKOFF: Duration = Duration::from_secs(30);

/// What becomes of a mail after a failed try. `jitter` is 0.0 to 1.0: many that failed together do not come back together.
pub fn outcome_after(failure: &DeliveryError, mail: &WaitingMail, jitter: f64) -> DeliveryOutcome {
    let reason = failure.reason().to_owned();
    if matches!(failure, DeliveryError::Permanent(_)) {
        return DeliveryOutcome::GiveUp { reason };
    }
    let delay = doubled(BASE_DELAY, mail.tries, MAX_DELAY).mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0));
    let next = mail.now + delay;
    let is_over = mail.expires_at.is_some_and(|end| end <= next) || mail.created_at + MAX_AGE <= next;
    match is_over {
        true => DeliveryOutcome::GiveUp { reason },
        false => DeliveryOutcome::Retry { delay, reason },
    }
}

/// How long all mails wait after the way out has failed this many times in a row.
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

fn doubled(first: Duration, times: i32, longest: Duration) -> Duration {
    let factor = 1u32 << times.clamp(0, 20);
    first.saturating_mul(factor).min(longest)
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

    fn wait_of(tries: i32, jitter: f64) -> u64 {
        let failure = DeliveryError::Temporary("recipient: refused with 450".into());
        match outcome_after(&failure, &mail(tries, chrono::TimeDelta::zero(), None), jitter) {
            DeliveryOutcome::Retry { delay, reason } => {
                assert_eq!(reason, "recipient: refused with 450");
                delay.as_secs()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn waits_double_from_five_seconds_to_an_hour_and_differ_a_little() {
        let waits: Vec<u64> = (0..12).map(|tries| wait_of(tries, 0.5)).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        assert_eq!((wait_of(3, 0.0), wait_of(3, 1.0)), (32, 48));
        assert_eq!(wait_of(i32::MAX, 0.5), 3600);
    }

    #[test]
    fn a_mail_is_given_up_when_it_is_too_late_or_will_never_be_taken() {
        let (later, never) = (
            DeliveryError::Temporary("x".into()),
            DeliveryError::Permanent("x".into()),
        );
        let (minute, day) = (chrono::TimeDelta::minutes(1), chrono::TimeDelta::days(1));
        for (failure, mail, kept) in [
            (&later, mail(0, day, None), true),
            (&later, mail(0, day * 2, None), false),
            (&later, mail(0, day, Some(minute)), true),
            (&later, mail(5, day, Some(minute)), false),
            (&later, mail(0, day, Some(-minute)), false),
            (&never, mail(0, minute, None), false),
        ] {
            assert_eq!(
                matches!(outcome_after(&failure, &mail, 0.5), DeliveryOutcome::Retry { .. }),
                kept,
                "{mail:?}"
            );
        }
    }

    #[test]
    fn a_broken_way_out_is_tried_less_and_less() {
        let pauses: Vec<u64> = [0, 1, 2, 3, 6, 7, u32::MAX]
            .map(|n| transport_backoff(n).as_secs())
            .to_vec();
        assert_eq!(pauses, [0, 1, 2, 4, 30, 30, 30]);
    }
}
