//! An answer, and what makes a good problem of it; never asks.

use anyhow::{Context, Result, bail, ensure};
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::Duration;

/// What a service that is built on these could let slip into an error.
const INTERNALS: [&str; 14] = [
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

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked, for messages.
    pub asked: String,
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// From the first byte sent to the last received.
    pub took: Duration,
}

impl Answer {
    /// The only value of a header field; `None` when it is not there.
    ///
    /// # Errors
    /// When it is there more than once, or is not text.
    pub fn header(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next().map(|value| value.to_str()).transpose()?;
        ensure!(values.next().is_none(), "{}: {name} is there twice", self.asked);
        Ok(first)
    }

    /// The media type, without parameters.
    ///
    /// # Errors
    /// As [`Answer::header`].
    pub fn media_type(&self) -> Result<&str> {
        let value = self.header("content-type")?.unwrap_or_default();
        Ok(value.split(';').next().unwrap_or_default().trim())
    }

    /// The body as text.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).with_context(|| format!("{}: the body is not UTF-8", self.asked))
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("{}: the body is not JSON: {self}", self.asked))
    }

    /// Checks the status.
    ///
    /// # Errors
    /// When it is another one.
    pub fn expect_status(&self, status: u16) -> Result<()> {
        ensure!(
            self.status == status,
            "{}: expected {status}, got {self}",
            self.asked
        );
        Ok(())
    }

    /// Checks that this is a problem of RFC 9457, whole, true to its answer, and silent about what is inside.
    ///
    /// # Errors
    /// At the first thing that is wrong with it.
    pub fn expect_problem(&self, status: u16) -> Result<Value> {
        self.expect_status(status)?;
        ensure!(
            self.media_type()? == "application/problem+json",
            "{}: no problem: {self}",
            self.asked
        );
        let problem = self.json()?;
        for member in ["type", "title", "detail", "instance", "request_id"] {
            let text = problem[member].as_str().unwrap_or_default();
            ensure!(
                !text.is_empty(),
                "{}: the problem has no {member}: {problem}",
                self.asked
            );
        }
        ensure!(
            problem["status"] == status,
            "{}: another status inside: {problem}",
            self.asked
        );
        let id = self.header("x-request-id")?.unwrap_or_default();
        ensure!(
            problem["request_id"] == id,
            "{}: not the request id {id}: {problem}",
            self.asked
        );
        // The path is the asker's own text and may hold anything.
        let mut told = problem.clone();
        told["instance"] = Value::Null;
        let told = told.to_string().to_lowercase();
        if let Some(word) = INTERNALS.iter().find(|word| told.contains(**word)) {
            bail!(
                "{}: the problem tells of the inside ({word}): {problem}",
                self.asked
            );
        }
        Ok(problem)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start: String = String::from_utf8_lossy(&self.body).chars().take(300).collect();
        write!(out, "{} {start}", self.status)
    }
}
