//! P7: time from the start of the program to its first response, and its idle memory.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use harness::http_client;

use super::bench_env::{BenchEnv, SMALL};
use super::medians::{median, span};
use super::memory;
use super::outcome::Outcome;

const STARTS: usize = 5;

/// Longest wait for a start; the goal is much less.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Idle time before memory is read.
const IDLE: Duration = Duration::from_secs(5);

/// Milliseconds from the spawn of the release build to a 200 on `/`.
pub fn first_answer(env: &mut BenchEnv) -> Result<Outcome> {
    let context = env.context;
    let stack = &mut env.dataset(SMALL)?.stack;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        context.stop.check()?;
        stack.stop_service();
        let start = Instant::now();
        let serving = stack.serve()?;
        while http_client::status(serving.port, "/") != Some(200) {
            ensure!(
                start.elapsed() < START_TIMEOUT,
                "no 200 on / in {} s",
                START_TIMEOUT.as_secs()
            );
            serving.ensure_alive()?;
            sleep(Duration::from_millis(1));
        }
        times.push(start.elapsed().as_secs_f64() * 1_000.0);
    }
    let note = format!("{} ms, median of {STARTS} starts", span(times.iter().copied(), 0));
    Ok(Outcome::Figure {
        value: median(times),
        note,
    })
}

/// Resident megabytes (10^6) of the release build, five seconds after it became ready.
pub fn idle_memory(env: &mut BenchEnv) -> Result<Outcome> {
    let context = env.context;
    let stack = &mut env.dataset(SMALL)?.stack;
    stack.serve()?.wait_until_ready(context)?;
    context.stop.wait_until(IDLE, || Ok(false))?;
    let pid = stack.serving().context("the service was stopped")?.pid();
    let Some(value) = memory::resident(pid) else {
        return Ok(Outcome::without_proc());
    };
    Ok(Outcome::Figure {
        value,
        note: format!("resident {} s after readiness", IDLE.as_secs()),
    })
}
