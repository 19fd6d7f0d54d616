//! Clients that read and change something through nginx until they are stopped.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::{Certificate, header};
use stack::accounts::Account;

/// Clients that read rates.
const READERS: usize = 4;

/// Clients that add and delete wishes.
pub const WRITERS: usize = 2;

const RATES: &str = "/rates?date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL";

/// The clients.
pub struct Load {
    base: String,
    client: Client,
    token: String,
}

/// What happened to their requests.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Requests with a status of success.
    pub succeeded: usize,
    /// The others, by status or error.
    problems: BTreeMap<String, usize>,
    longest: Duration,
    took: Duration,
}

impl Load {
    /// Signs in.
    pub fn new(port: u16, authority: &Path, account: &Account) -> Load {
        let authority = Certificate::from_pem(&std::fs::read(authority).unwrap()).unwrap();
        let client = Client::builder()
            .tls_certs_only([authority])
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let base = format!("https://localhost:{port}");
        let body = serde_json::json!({"email": account.email, "password": account.password}).to_string();
        let login = client
            .post(format!("{base}/auth/login"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .unwrap();
        let tokens: serde_json::Value = serde_json::from_str(&login.text().unwrap()).unwrap();
        Load {
            base,
            client,
            token: tokens["access_token"].as_str().unwrap().to_owned(),
        }
    }

    /// Sends requests while `work` runs.
    pub fn during(&self, work: impl FnOnce()) -> Outcome {
        let (stop, outcome, since) = (
            AtomicBool::new(false),
            Mutex::new(Outcome::default()),
            Instant::now(),
        );
        thread::scope(|scope| {
            let (stop, outcome) = (&stop, &outcome);
            for client in 0..READERS + WRITERS {
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        if client < READERS {
                            self.send(self.client.get(self.url(RATES)), outcome);
                        } else {
                            self.change(outcome);
                        }
                    }
                });
            }
            sleep(Duration::from_secs(1));
            work();
            sleep(Duration::from_secs(1));
            stop.store(true, Ordering::Relaxed);
        });
        let mut outcome = outcome.into_inner().unwrap();
        outcome.took = since.elapsed();
        outcome
    }

    fn change(&self, outcome: &Mutex<Outcome>) {
        let json = |request: RequestBuilder| {
            let request = request.bearer_auth(&self.token);
            request.header(header::CONTENT_TYPE, "application/json")
        };
        let add = json(self.client.post(self.url("/wishes"))).body(r#"{"title": "Load"}"#);
        let Some(added) = self.send(add, outcome) else {
            return;
        };
        let location = added.headers().get(header::LOCATION);
        if let Some(path) = location.and_then(|location| location.to_str().ok()) {
            self.send(json(self.client.delete(self.url(path))), outcome);
        }
    }

    fn send(&self, request: RequestBuilder, outcome: &Mutex<Outcome>) -> Option<Response> {
        let since = Instant::now();
        let result = request.send();
        let mut outcome = outcome.lock().unwrap();
        outcome.longest = outcome.longest.max(since.elapsed());
        let problem = match result {
            Ok(response) if response.status().is_success() => {
                outcome.succeeded += 1;
                return Some(response);
            }
            Ok(response) => response.status().to_string(),
            Err(error) => format!("{error:?}"),
        };
        *outcome.problems.entry(problem).or_default() += 1;
        None
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Outcome {
    /// Requests that failed.
    pub fn failed(&self) -> usize {
        self.problems.values().sum()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} succeeded, {} failed in {:.1?}, the longest took {:.1?} {:?}",
            self.succeeded,
            self.failed(),
            self.took,
            self.longest,
            self.problems
        )
    }
}
