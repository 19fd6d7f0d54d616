//! A steady load of the three kinds of requests that use a database login each: rates, wishes, logins.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use harness::http_client::{self, Response};
use harness::process::shutdown::Stop;
use serde_json::{Value, json};

use crate::samples::{Failure, Kind, Samples};

/// Reads January 2021 of the demo data.
const RATES: &str = "/rates?date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL";

/// Longer than any deadline of the service: a request without a response has failed.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How long the first login is tried: in the control its connections may just have ended.
const FIRST_LOGIN: Duration = Duration::from_secs(30);

/// Between two requests of a thread, so that load generator, service and database do not compete for the processors: what
/// is measured is the rotation, not overload.
const PAUSE: Duration = Duration::from_millis(10);

/// The threads of each kind. Two add wishes of one account, which the service does one after another, on its two connections.
/// Because each takes a while (`schema.rs`), one is in progress at every moment, also while requests wait
/// for a session that the login of accounts has to find.
const THREADS: [(Kind, usize); 3] = [(Kind::Rates, 4), (Kind::Wishes, 2), (Kind::Logins, 1)];

/// Who logs in and owns the wishes.
#[derive(Debug, Clone)]
pub struct User {
    /// Address.
    pub email: String,
    /// Password.
    pub password: String,
}

/// A running load; stopped when this is dropped.
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Samples>>,
}

struct Shared {
    port: u16,
    user: User,
    begun: Instant,
    over: AtomicBool,
    /// The access token of the last login.
    token: Mutex<String>,
}

impl Load {
    /// Logs in once, also if the first attempts fail, and starts the threads.
    pub fn begin(stop: &Stop, port: u16, user: &User) -> Result<Load> {
        let shared = Shared {
            port,
            user: user.clone(),
            begun: Instant::now(),
            over: AtomicBool::new(false),
            token: Mutex::default(),
        };
        let logged_in = stop.wait_until(FIRST_LOGIN, || Ok(shared.log_in().is_ok()))?;
        ensure!(logged_in, "the first login failed");
        let shared = Arc::new(shared);
        let mut load = Load {
            shared,
            threads: Vec::new(),
        };
        for (kind, count) in THREADS {
            for _ in 0..count {
                let shared = Arc::clone(&load.shared);
                load.threads
                    .push(thread::Builder::new().spawn(move || shared.repeat(kind))?);
            }
        }
        Ok(load)
    }

    /// Time since the beginning, as failures and outages count it.
    pub fn elapsed(&self) -> Duration {
        self.shared.begun.elapsed()
    }

    /// Stops the load.
    ///
    /// # Errors
    /// There was no request of some kind.
    pub fn end(mut self) -> Result<Samples> {
        let samples = self.stop();
        if let Some(kind) = samples.missing() {
            bail!("the load made no request of the kind {kind:?}");
        }
        Ok(samples)
    }

    fn stop(&mut self) -> Samples {
        self.shared.over.store(true, Ordering::Relaxed);
        let mut all = Samples::default();
        for thread in self.threads.drain(..) {
            all.add(thread.join().unwrap_or_default());
        }
        all
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn repeat(&self, kind: Kind) -> Samples {
        let mut samples = Samples::default();
        while !self.over.load(Ordering::Relaxed) {
            match kind {
                Kind::Rates => self.measure(kind, &mut samples, || self.read_rates()),
                Kind::Logins => self.measure(kind, &mut samples, || self.log_in()),
                Kind::Wishes => {
                    let mut added = None;
                    self.measure(kind, &mut samples, || {
                        self.add_wish().map(|path| added = Some(path))
                    });
                    if let Some(path) = added {
                        self.measure(kind, &mut samples, || self.delete_wish(&path));
                    }
                }
            }
            thread::sleep(PAUSE);
        }
        samples
    }

    fn measure(&self, kind: Kind, samples: &mut Samples, request: impl FnOnce() -> Result<(), String>) {
        let from = self.begun.elapsed();
        let outcome = request();
        let to = self.begun.elapsed();
        samples.record(kind, to - from);
        if let Err(reason) = outcome {
            samples.failures.push(Failure {
                kind,
                from,
                to,
                reason,
            });
        }
    }

    fn read_rates(&self) -> Result<(), String> {
        self.send("GET", RATES, None, "", 200).map(drop)
    }

    fn log_in(&self) -> Result<(), String> {
        let body = json!({"email": self.user.email, "password": self.user.password}).to_string();
        let response = self.send("POST", "/auth/login", None, &body, 200)?;
        let answer: Value = serde_json::from_str(&response.body).map_err(|error| error.to_string())?;
        let token = answer["access_token"].as_str().ok_or("a login without a token")?;
        token.clone_into(&mut self.token());
        Ok(())
    }

    /// Returns the path of the new wish.
    fn add_wish(&self) -> Result<String, String> {
        let token = self.token().clone();
        let response = self.send("POST", "/wishes", Some(&token), r#"{"title":"soak"}"#, 201)?;
        let path = response.header("location").ok_or("a wish without a location")?;
        Ok(path.to_owned())
    }

    fn delete_wish(&self, path: &str) -> Result<(), String> {
        let token = self.token().clone();
        self.send("DELETE", path, Some(&token), "", 204).map(drop)
    }

    /// Any other status than the expected one, or no response, is a failure.
    fn send(
        &self,
        method: &str,
        target: &str,
        token: Option<&str>,
        body: &str,
        expected: u16,
    ) -> Result<Response, String> {
        let response = http_client::send_json(self.port, method, target, token, body, TIMEOUT)
            .map_err(|error| format!("{method}: no response: {error}"))?;
        if response.status == expected {
            Ok(response)
        } else {
            Err(format!("{method}: status {}", response.status))
        }
    }

    fn token(&self) -> std::sync::MutexGuard<'_, String> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
