//! Requests that read and write while a test does something else.

use super::accounts::call_as;
use super::app::App;
use super::sample_data::QUERY;
use super::wait::wait_until_within;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What happened to the requests.
#[derive(Default)]
pub struct Outcome {
    /// How many succeeded.
    pub good: u32,
    /// The statuses of the others.
    pub bad: BTreeMap<u16, u32>,
    /// The times of the failures since the start.
    pub failed_at: Vec<Duration>,
    /// How long requests took, shortest first.
    times: Vec<Duration>,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} succeeded, failed: {:?}", self.good, self.bad)
    }
}

impl Outcome {
    /// The number of failed requests.
    pub fn failed(&self) -> u32 {
        self.bad.values().sum()
    }

    /// The time within which 99 of 100 requests were answered.
    pub fn p99(&self) -> Duration {
        let index = self.times.len() * 99 / 100;
        self.times.get(index).copied().unwrap_or_default()
    }

    /// The time from the first failure to the last.
    pub fn outage(&self) -> Duration {
        match (self.failed_at.iter().min(), self.failed_at.iter().max()) {
            (Some(first), Some(last)) => *last - *first,
            _ => Duration::ZERO,
        }
    }
}

/// How many answers there are before `meanwhile` begins, and how many more after it, on a machine of any speed.
const MARGIN: usize = 20;

/// Reads rates, adds and deletes wishes before `meanwhile`, while it runs, and after it.
pub fn under_load(app: &App, token: &str, meanwhile: impl FnOnce()) -> Outcome {
    let (started, ended, answers) = (Instant::now(), AtomicBool::new(false), Mutex::new(Vec::new()));
    let observe = |request: &dyn Fn() -> super::response::Response| {
        let begun = Instant::now();
        let response = request();
        let answer = (response.status, begun.elapsed(), started.elapsed());
        answers.lock().unwrap().push(answer);
        response
    };
    std::thread::scope(|scope| {
        for writes in [false, true, false, true] {
            let (ended, observe) = (&ended, &observe);
            scope.spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    if !writes {
                        observe(&|| app.get(QUERY));
                        continue;
                    }
                    let added = observe(&|| call_as(app, token, "POST", "/wishes", &json!({"title": "w"})));
                    if added.status == 201 {
                        let path = added.header("location");
                        observe(&|| call_as(app, token, "DELETE", path, &json!(null)));
                    }
                }
            });
        }
        let answered = || answers.lock().unwrap().len();
        let more_answers = || {
            let goal = answered() + MARGIN;
            wait_until_within(Duration::from_secs(90), "requests are answered", || {
                answered() >= goal
            });
        };
        more_answers();
        meanwhile();
        more_answers();
        ended.store(true, Ordering::Relaxed);
    });
    let mut outcome = Outcome::default();
    for (status, took, at) in answers.into_inner().unwrap() {
        outcome.times.push(took);
        if matches!(status, 200 | 201 | 204) {
            outcome.good += 1;
        } else {
            *outcome.bad.entry(status).or_default() += 1;
            outcome.failed_at.push(at);
        }
    }
    outcome.times.sort();
    outcome
}
