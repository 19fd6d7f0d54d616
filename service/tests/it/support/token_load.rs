//! Tokens of two services under load, while the signing keys of both are rotated.

use super::accounts::PASSWORD;
use super::app::{App, send};
use super::token_forger::{Parts, published, verifies};
use super::wait::wait_until_within;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread::scope;
use std::time::{Duration, Instant};

/// How long an external verifier caches the published keys.
const CACHE_TIME: Duration = Duration::from_secs(3);

/// Stops the load when it is dropped, also when the test panics.
struct StopLoad<'a>(&'a AtomicBool);

impl Drop for StopLoad<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The id of the key that signed a token.
pub fn kid(token: &str) -> String {
    Parts::of(token).header()["kid"].as_str().unwrap().to_owned()
}

/// The status of `POST /validate`.
pub fn validate(app: &App, token: &str) -> u16 {
    send(app.request("POST", "/validate").bearer_auth(token)).status
}

/// Rotates twice while a user logs in at both services. Every token must be valid at both at once, and at an external
/// verifier. `rotate` returns the id of the new key. Returns all tokens.
pub fn rotate_under_load(apps: [&App; 2], email: &str, rotate: impl Fn() -> String) -> Vec<String> {
    let [one, two] = apps;
    let (done, tokens) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let checked = scope(|scope| {
        let stop = StopLoad(&done);
        let mut queues = Vec::new();
        for (from, to) in [(one, two), (two, one)] {
            let (sender, receiver) = mpsc::channel::<String>();
            queues.push(receiver);
            let (done, tokens) = (&done, &tokens);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let request = from.request("POST", "/login");
                    let response = send(request.basic_auth(email, Some(PASSWORD)));
                    assert_eq!(response.status, 200, "{response:?}");
                    let token = response.text().to_owned();
                    assert_eq!(validate(to, &token), 200, "new, at the other service");
                    assert_eq!(validate(from, &token), 200, "new, at its own service");
                    tokens.lock().unwrap().push(token.clone());
                    sender.send(token).unwrap();
                }
            });
        }
        let verifiers: Vec<_> = queues
            .into_iter()
            .zip([two, one])
            .map(|(receiver, app)| {
                scope.spawn(move || {
                    let (mut keys, mut fetched, mut count) = (published(app), Instant::now(), 0);
                    for token in receiver {
                        if fetched.elapsed() > CACHE_TIME {
                            (keys, fetched) = (published(app), Instant::now());
                        }
                        assert!(verifies(&keys, &token), "an external verifier");
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        // Counted rather than timed: a busy machine needs seconds for a login.
        let serve_some = || {
            let before = tokens.lock().unwrap().len();
            let is_served = || tokens.lock().unwrap().len() >= before + 6;
            wait_until_within(Duration::from_secs(60), "tokens are issued", is_served);
        };
        for _ in 0..2 {
            serve_some();
            let newest = rotate();
            let is_newest = |token: &String| kid(token) == newest;
            let carries = || tokens.lock().unwrap().last().is_some_and(is_newest);
            wait_until_within(Duration::from_secs(60), "tokens carry the new key", carries);
            serve_some();
        }
        drop(stop);
        verifiers
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum::<usize>()
    });
    let tokens = tokens.into_inner().unwrap();
    assert_eq!(checked, tokens.len());
    tokens
}
