//! Log events about requests that may be part of an attack: denied, throttled and forged ones, and rejected tokens. A flood
//! of them must not flood the log: of each kind and network the first one in a minute is logged at once, with the fields of
//! its request, and the number of the others when the minute is over.

use http::StatusCode;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the events of one kind and network are counted together.
const WINDOW: Duration = Duration::from_secs(60);

/// Maximum number of kinds and networks that are counted apart. Beyond it, the other networks are counted as one.
const MAX_ENTRIES: usize = 2_000;

/// Counts the events of each kind and network.
#[derive(Debug, Default)]
pub struct SecurityEvents(Mutex<HashMap<Source, Window>>);

/// A kind of event and the network that caused it. `None`: one of many others.
type Source = (&'static str, Option<IpAddr>);

#[derive(Debug)]
struct Window {
    began: Instant,
    repeats: u64,
}

/// The stable name of the event that a response stands for; `problem`: the kind of its problem, if it has one. Wrong
/// passwords and codes are events of the audit log.
pub fn name(status: StatusCode, problem: Option<&str>) -> Option<&'static str> {
    match (status, problem) {
        (StatusCode::FORBIDDEN, Some("forged-form")) => Some("form.forged"),
        (StatusCode::FORBIDDEN, _) => Some("access.denied"),
        (StatusCode::UNAUTHORIZED, Some("invalid-token" | "invalid-grant")) => Some("token.rejected"),
        // The password is right, so it counts as no attempt and has no audit event: the sender may be guessing, or have stolen it.
        (StatusCode::UNAUTHORIZED, Some("second-factor-required")) => Some("session.code_missing"),
        (StatusCode::TOO_MANY_REQUESTS, Some("rate-limited")) => Some("request.throttled"),
        (StatusCode::TOO_MANY_REQUESTS, Some("too-many-mails")) => Some("mail.throttled"),
        (StatusCode::TOO_MANY_REQUESTS, _) => Some("session.throttled"),
        (StatusCode::MISDIRECTED_REQUEST, _) => Some("host.rejected"),
        _ => None,
    }
}

impl SecurityEvents {
    /// Logs an event, or counts it. Called within the span of the request, whose fields say who, where and what.
    pub fn report(&self, event: &'static str, problem: Option<&'static str>, network: IpAddr) {
        let now = Instant::now();
        if self.count(event, network, now) {
            tracing::warn!(target: "security", event, problem, "request rejected");
        }
    }

    /// Logs the numbers of events in the windows that are over.
    pub fn report_repeats(&self) {
        self.report_repeats_at(Instant::now(), WINDOW);
    }

    /// Logs the numbers of all events that have not been logged, at shutdown.
    pub fn report_all_repeats(&self) {
        self.report_repeats_at(Instant::now(), Duration::ZERO);
    }

    /// Counts an event; whether it is the first one of its window.
    fn count(&self, event: &'static str, network: IpAddr, now: Instant) -> bool {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = (event, Some(network));
        let source = if windows.contains_key(&own) || windows.len() < MAX_ENTRIES {
            own
        } else {
            (event, None)
        };
        match windows.get_mut(&source) {
            Some(window) if now.saturating_duration_since(window.began) < WINDOW || window.repeats > 0 => {
                window.repeats += 1;
                false
            }
            _ => {
                windows.insert(
                    source,
                    Window {
                        began: now,
                        repeats: 0,
                    },
                );
                true
            }
        }
    }

    fn report_repeats_at(&self, now: Instant, age: Duration) {
        let mut over = Vec::new();
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        windows.retain(|source, window| {
            let is_open = now.saturating_duration_since(window.began) < age;
            if !is_open && window.repeats > 0 {
                over.push((*source, window.repeats));
            }
            is_open
        });
        drop(windows);
        for ((event, network), repeats) in over {
            let client_network = network.map_or_else(|| "others".to_owned(), |network| network.to_string());
            tracing::warn!(target: "security", event, client_network, repeats, "requests rejected");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(last: u32) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + last).into())
    }

    #[test]
    fn the_first_event_of_a_window_is_logged_and_the_others_are_counted() {
        let (events, start) = (SecurityEvents::default(), Instant::now());
        assert!(events.count("access.denied", network(1), start));
        assert!(events.count("form.forged", network(1), start));
        assert!(events.count("access.denied", network(2), start));
        for _ in 0..7 {
            assert!(!events.count("access.denied", network(1), start));
        }
        let repeats = || {
            events
                .0
                .lock()
                .unwrap()
                .values()
                .map(|window| window.repeats)
                .sum::<u64>()
        };
        assert_eq!(repeats(), 7);
        events.report_repeats_at(start + WINDOW / 2, WINDOW);
        assert_eq!(repeats(), 7);
        events.report_repeats_at(start + WINDOW, WINDOW);
        assert_eq!((repeats(), events.0.lock().unwrap().len()), (0, 0));
        assert!(events.count("access.denied", network(1), start + WINDOW));
    }

    #[test]
    fn many_networks_are_counted_as_one() {
        let (events, start) = (SecurityEvents::default(), Instant::now());
        let logged = (0..100_000).filter(|number| events.count("token.rejected", network(*number), start));
        assert_eq!(logged.count(), MAX_ENTRIES + 1);
        assert_eq!(events.0.lock().unwrap().len(), MAX_ENTRIES + 1);
    }

    #[test]
    fn responses_have_stable_event_names() {
        let name = |status: u16, problem| name(StatusCode::from_u16(status).unwrap(), problem);
        assert_eq!(name(403, Some("forged-form")), Some("form.forged"));
        assert_eq!(name(403, Some("insufficient-scope")), Some("access.denied"));
        assert_eq!(name(403, None), Some("access.denied"));
        assert_eq!(name(429, Some("too-many-attempts")), Some("session.throttled"));
        assert_eq!(name(429, Some("rate-limited")), Some("request.throttled"));
        assert_eq!(name(401, Some("invalid-token")), Some("token.rejected"));
        assert_eq!(name(401, Some("invalid-grant")), Some("token.rejected"));
        let code_missing = name(401, Some("second-factor-required"));
        assert_eq!(code_missing, Some("session.code_missing"));
        for (status, problem) in [
            (401, Some("missing-token")),
            (401, Some("invalid-credentials")),
            (404, None),
            (200, None),
        ] {
            assert_eq!(name(status, problem), None);
        }
    }
}
