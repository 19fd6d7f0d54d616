//! One run of the recording: the server, PostgreSQL, the TokenReview server, the time that has passed.

use std::collections::HashMap;
use std::time::Duration;

use fake_vault::{FakeVault, Options};
use rustix::process::Signal;
use serde_json::json;

use crate::replay::bindings::Bindings;
use crate::replay::comparison::differences;
use crate::replay::review_server::ReviewServer;
use crate::replay::transcript::{Entry, Transcript};
use crate::replay::{falsified, jwts, outside, skipped};
use crate::support::client::{self, Answer};
use crate::support::postgres::Postgres;

/// How long a request may wait for PostgreSQL where the recorded one waited until its limit, and elsewhere.
const SHORT_WAIT: Duration = Duration::from_secs(1);
const LONG_WAIT: Duration = Duration::from_secs(60);

pub enum Outcome {
    Passed,
    Skipped(&'static str),
    Failed(Vec<String>),
}

pub struct World {
    server: FakeVault,
    postgres: Postgres,
    review: ReviewServer,
    bindings: Bindings,
    /// By how much the clock was moved; it is stopped otherwise.
    moved: Duration,
    /// When each entry was answered, on the server's clock.
    answered: HashMap<String, Duration>,
}

impl World {
    pub fn new(transcript: &Transcript) -> World {
        let options = Options {
            ready: false,
            max_request_duration: LONG_WAIT,
            ..Options::default()
        };
        let server = FakeVault::start(&options).unwrap();
        server.stop_clock();
        let (postgres, review) = (Postgres::start(), ReviewServer::start());
        let mut bindings = Bindings::default();
        outside::bind(&mut bindings);
        bindings.set("<addr:a>", &server.address().to_string());
        bindings.set("<pg>", &postgres.address().to_string());
        bindings.set("<k8s>", &review.address.to_string());
        let answer = client::send(server.address(), "GET", "/control/clock", &[], None);
        let now: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let now: chrono::DateTime<chrono::Utc> = now["now"].as_str().unwrap().parse().unwrap();
        jwts::bind(&transcript.header.jwts, now.timestamp(), &mut bindings);
        World {
            server,
            postgres,
            review,
            bindings,
            moved: Duration::ZERO,
            answered: HashMap::new(),
        }
    }

    /// Does what happened before an entry, sends its request and compares the answer.
    pub fn replay(&mut self, entry: &Entry) -> Outcome {
        for event in &entry.before {
            self.before(event);
        }
        if let Some(reason) = skipped::reason(entry, self.postgres.major) {
            return Outcome::Skipped(reason);
        }
        let wait = if entry.seconds.is_some() {
            SHORT_WAIT
        } else {
            LONG_WAIT
        };
        self.server.set_max_request_duration(wait);
        let answer = match self.send(entry) {
            Ok(answer) => answer,
            Err(unbound) => return Outcome::Failed(vec![unbound]),
        };
        if let Some(seconds) = entry.seconds {
            self.advance(Duration::from_secs_f64(seconds));
        }
        self.answered.insert(entry.id.clone(), self.moved);
        let mut found = differences(entry, &answer, &mut self.bindings);
        if found.is_empty() {
            found = falsified::undetected(entry, &answer, &self.bindings);
        }
        if found.is_empty() {
            Outcome::Passed
        } else {
            Outcome::Failed(found)
        }
    }

    fn send(&self, entry: &Entry) -> Result<Answer, String> {
        let request = &entry.request;
        let mut headers = Vec::new();
        for (name, value) in &request.headers {
            headers.push((name.clone(), self.bindings.fill(value)?));
        }
        if let Some(bearer) = entry
            .note
            .as_deref()
            .and_then(|note| note.strip_prefix("sent with "))
        {
            let (name, value) = bearer.split_once(": ").unwrap();
            headers.push((name.to_owned(), self.bindings.fill(value)?));
        }
        let body = match &request.raw {
            Some(raw) => Some(raw_body(&self.bindings.fill(raw)?)),
            None if request.body.is_null() => None,
            None => Some(self.bindings.fill_json(&request.body)?.to_string().into_bytes()),
        };
        let address = if entry.node.is_some() {
            self.server.standby_address()
        } else {
            self.server.address()
        };
        let path = self.bindings.fill(&request.path)?;
        Ok(client::send(
            address,
            &request.method,
            &path,
            &headers,
            body.as_deref(),
        ))
    }

    /// What happened between two entries.
    fn before(&mut self, event: &str) {
        let seconds = |text: &str| Duration::from_secs_f64(text.trim().parse().unwrap());
        if let Some(number) = event.strip_suffix(" s pass") {
            return self.advance(seconds(number));
        }
        if let Some((number, id)) = event
            .strip_prefix("until ")
            .and_then(|text| text.split_once(" s after "))
        {
            let until = self.answered[id] + seconds(number);
            return self.advance(until.saturating_sub(self.moved));
        }
        match event {
            "the TokenReview server stops" => self.review.stop(),
            "a superuser drops that role" => {
                let name = self.bindings.get("<username:6>").unwrap();
                self.postgres.execute("app", &format!("DROP ROLE \"{name}\""));
            }
            "PostgreSQL stops" => self.postgres.stop(),
            "PostgreSQL starts" => self.postgres.resume(),
            "all processes of PostgreSQL stand still (SIGSTOP)" => self.postgres.signal(Signal::STOP),
            "they go on (SIGCONT)" => self.postgres.signal(Signal::CONT),
            "the audit device's file is a device that is always full" => self.control("audit-full", true),
            "it can be written again" => self.control("audit-full", false),
            // The second node always is there, and only entries that are skipped follow the end of the first.
            "a second node starts"
            | "it is unsealed with two keys and has caught up"
            | "the first node is killed (SIGKILL)" => {}
            other => panic!("unknown event: {other}"),
        }
    }

    fn control(&self, path: &str, value: bool) {
        let body = json!(value).to_string();
        let target = format!("/control/{path}");
        let answer = client::send(self.server.address(), "PUT", &target, &[], Some(body.as_bytes()));
        assert_eq!(answer.status, 204, "{}", answer.body);
    }

    fn advance(&mut self, duration: Duration) {
        self.server.advance(duration);
        self.moved += duration;
    }
}

/// `<bytes:N>` is a body of this size.
fn raw_body(raw: &str) -> Vec<u8> {
    let size = raw
        .strip_prefix("<bytes:")
        .and_then(|text| text.strip_suffix('>')?.parse::<usize>().ok());
    size.map_or_else(
        || raw.as_bytes().to_vec(),
        |size| format!("{{\"lease_id\": \"{}\"}}", "a".repeat(size.saturating_sub(16))).into_bytes(),
    )
}
