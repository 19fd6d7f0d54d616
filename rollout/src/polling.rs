//! Repeats a command until it has a result or a time limit is exceeded.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use harness::exit::Exit;
use harness::output::seconds;
use serde_json::Value;

use crate::invocation::Invocation;
use crate::runner::{Runner, line};

/// Runs a query again and again until there is a result. `Err` inside is what is there instead; a query that fails is repeated.
///
/// # Errors
/// After the time limit, with what was there last; and at once when `read` fails.
pub fn poll<T>(
    runner: &impl Runner,
    query: &Invocation,
    limit: Duration,
    interval: Duration,
    read: impl Fn(&Value) -> Result<Result<T, String>>,
) -> Result<T> {
    let since = Instant::now();
    let mut instead = String::new();
    // The loop repeats it.
    let query = Invocation {
        attempts: 1,
        ..query.clone()
    };
    while since.elapsed() < limit {
        match runner.json(&query) {
            Ok(json) => match read(&json)? {
                Ok(result) => return Ok(result),
                Err(now) => instead = now,
            },
            Err(error) if error.is::<Exit>() => return Err(error),
            Err(error) => instead = format!("{error:#}"),
        }
        runner.pause(interval)?;
    }
    bail!("`{}`: not within {}: {instead}", line(&query), seconds(limit))
}
