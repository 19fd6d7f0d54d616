//! P7: time from the start of the program to its first response, and its idle memory.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use harness::http_client;

use crate::bench_env::{BenchEnv, Size};
use crate::figure::Figure;
use crate::memory;

/// Longest wait for a start; the goal is much less.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Idle time before memory is read.
const IDLE: Duration = Duration::from_secs(5);

/// Milliseconds from the spawn of the release build to a 200 on `/`.
pub fn first_answer(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (context, starts) = (env.context, env.rounds);
    let stack = &mut env.dataset(Size::Small)?.stack;
    let mut times = Vec::new();
    for _ in 0..starts {
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
    Ok(Figure::of_rounds(&times, "milliseconds, a 200 on /"))
}

/// Resident megabytes (10^6) of the release build, five seconds after it became ready.
pub fn idle_memory(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let context = env.context;
    let dataset = env.dataset(Size::Small)?;
    dataset.stack.serve()?.wait_until_ready(context)?;
    context.stop.wait_until(IDLE, || Ok(false))?;
    let resident = memory::resident(dataset.serving()?.pid())?;
    let note = format!("resident {} s after readiness", IDLE.as_secs());
    Ok(Figure::once(resident, note))
}
