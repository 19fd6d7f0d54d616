//! P5: the speed of an import against psql's `\copy`, and its memory.

use anyhow::Result;

use crate::bench_env::BenchEnv;
use crate::figure::{Figure, NotRun, median_ratio, span};
use crate::import_bench::{ROUNDS, ROUTES};

/// Prices per second of both sides.
pub fn against_copy(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let bench = env.import()?;
    let note = format!(
        "{} prices/s against {}, 1,000,000 prices over {ROUTES} routes, median of {ROUNDS} rounds",
        span(&bench.ours, 0),
        span(&bench.theirs, 0)
    );
    let value = median_ratio(&bench.ours, &bench.theirs);
    Ok(Figure { value, note })
}

/// The most resident megabytes (10^6) of an import.
pub fn peak_memory(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let value = env.import()?.peak;
    if value > 0.0 {
        let note = format!("peak of {} imports", ROUNDS + 1);
        return Ok(Figure { value, note });
    }
    Err(NotRun("this system has no /proc/PID/status".into()).into())
}
