//! HTTP responses, and the checks that every problem response (RFC 9457) must pass.

use anyhow::{Context, Result, bail, ensure};
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::Duration;

/// Texts that would reveal the implementation in an error response.
const INTERNAL_TEXTS: [&str; 14] = [
    "postgres",
    "diesel",
    "libpq",
    "select ",
    "relation",
    "poem",
    "hyper",
    "tokio",
    "panicked",
    "backtrace",
    ".rs:",
    "/src/",
    "thread '",
    "127.0.0.1:",
];

/// A response with its complete body.
#[derive(Clone, Debug)]
pub struct Response {
    /// Method and URL of the request, for messages.
    pub request: String,
    /// Status code.
    pub status: u16,
    /// Header fields.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
    /// Time from sending the request to the end of the body.
    pub elapsed: Duration,
}

impl Response {
    /// The value of a header field, `None` if absent. Fails when the field occurs more than once.
    pub fn header(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next().map(|value| value.to_str()).transpose()?;
        ensure!(values.next().is_none(), "{}: duplicate {name}", self.request);
        Ok(first)
    }

    /// The media type without parameters.
    pub fn media_type(&self) -> Result<&str> {
        let value = self.header("content-type")?.unwrap_or_default();
        Ok(value.split(';').next().unwrap_or_default().trim())
    }

    /// The body as text.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).with_context(|| format!("{}: the body is not UTF-8", self.request))
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("{}: the body is not JSON: {self}", self.request))
    }

    /// The seconds of `Retry-After`.
    pub fn retry_after(&self) -> Result<u64> {
        Ok(self.header("retry-after")?.context("no Retry-After")?.parse()?)
    }

    /// The names of the header fields, sorted.
    pub fn header_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.headers.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        names
    }

    /// The JSON body without the members that identify the request; null if there is no body.
    pub fn anonymous_body(&self) -> Result<Value> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        let mut json = self.json()?;
        if let Some(object) = json.as_object_mut() {
            object.remove("request_id");
            object.remove("client_request_id");
            object.remove("instance");
        }
        Ok(json)
    }

    /// Checks the status.
    pub fn expect_status(&self, status: u16) -> Result<()> {
        ensure!(
            self.status == status,
            "{}: expected {status}, got {self}",
            self.request
        );
        Ok(())
    }

    /// Checks that this is a complete RFC 9457 problem that matches its response and contains no internal details.
    pub fn expect_problem(&self, status: u16) -> Result<Value> {
        self.expect_status(status)?;
        ensure!(
            self.media_type()? == "application/problem+json",
            "{}: not a problem: {self}",
            self.request
        );
        let problem = self.json()?;
        for member in ["type", "title", "detail", "instance", "request_id"] {
            let text = problem[member].as_str().unwrap_or_default();
            ensure!(
                !text.is_empty(),
                "{}: the problem has no {member}: {problem}",
                self.request
            );
        }
        ensure!(
            problem["status"] == status,
            "{}: the member status differs: {problem}",
            self.request
        );
        let id = self.header("x-request-id")?.unwrap_or_default();
        // The header has the client's id if the request had one, otherwise the service's own.
        let expected = problem.get("client_request_id").unwrap_or(&problem["request_id"]);
        ensure!(
            *expected == id,
            "{}: the request id is not {id}: {problem}",
            self.request
        );
        // The path is the client's own text and may contain anything.
        let mut checked = problem.clone();
        checked["instance"] = Value::Null;
        let checked = checked.to_string().to_lowercase();
        if let Some(text) = INTERNAL_TEXTS.iter().find(|text| checked.contains(**text)) {
            bail!(
                "{}: the problem reveals internal details ({text}): {problem}",
                self.request
            );
        }
        Ok(problem)
    }
}

impl std::fmt::Display for Response {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start: String = String::from_utf8_lossy(&self.body).chars().take(300).collect();
        write!(out, "{} {start}", self.status)
    }
}
