//! P7: from the start of the program to its first answer, and what it needs while nobody asks.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use harness::http_client;

use super::lab::{Lab, SMALL};
use super::medians::{median, span};
use super::memory;
use super::outcome::Outcome;

const STARTS: usize = 5;

/// How long it may take at most; the goal is much less.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(5);

/// Milliseconds from the spawn of the release build to a 200 on `/`.
pub fn first_answer(lab: &mut Lab) -> Result<Outcome> {
    let context = lab.context;
    let stage = &mut lab.prices(SMALL)?.stage;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        context.stop.check()?;
        stage.stop_service();
        let since = Instant::now();
        let serving = stage.serve()?;
        while http_client::status(serving.port, "/") != Some(200) {
            ensure!(
                since.elapsed() < PATIENCE,
                "no 200 on / in {} s",
                PATIENCE.as_secs()
            );
            serving.ensure_alive()?;
            sleep(Duration::from_millis(1));
        }
        times.push(since.elapsed().as_secs_f64() * 1_000.0);
    }
    let note = format!("{} ms, median of {STARTS} starts", span(times.iter().copied(), 0));
    Ok(Outcome::Figure {
        value: median(times),
        note,
    })
}

/// Resident megabytes (10^6) of the release build, five seconds after it became ready.
pub fn idle_memory(lab: &mut Lab) -> Result<Outcome> {
    let context = lab.context;
    let stage = &mut lab.prices(SMALL)?.stage;
    stage.serve()?.wait_until_ready(context)?;
    context.stop.wait_until(IDLE, || Ok(false))?;
    let pid = stage.serving().context("the service was stopped")?.pid();
    let Some(value) = memory::resident(pid) else {
        return Ok(Outcome::without_proc());
    };
    Ok(Outcome::Figure {
        value,
        note: format!("resident {} s after it was ready", IDLE.as_secs()),
    })
}
