//! P5: the speed of an import against psql's `\copy`, and its memory.

use anyhow::Result;

use crate::bench_env::BenchEnv;
use crate::figure::{Figure, NotRun};
use crate::import_bench::ROUTES;

/// Prices per second of both sides.
pub fn against_copy(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let note = format!("1,000,000 prices over {ROUTES} routes");
    Ok(env.import()?.pairs.figure("prices/s", 0, &note))
}

/// The most resident megabytes (10^6) of an import.
pub fn peak_memory(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let peak = env.import()?.peak;
    if peak > 0.0 {
        return Ok(Figure::once(peak, "the most of all these imports"));
    }
    Err(NotRun("this system has no /proc/PID/status".into()).into())
}
