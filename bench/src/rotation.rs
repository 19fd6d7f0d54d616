//! V3, V4, V10: logins that Vault issues, replaced and revoked under load. The runs are those of `cargo xtask soak`.

use std::time::Duration;

use anyhow::{Context as _, Result};
use soak::runs::{self, Outcome};
use soak::samples::reasons;
use soak::vault_stack::Plant;

use crate::bench_env::BenchEnv;
use crate::figure::Figure;
use crate::rotation_bench::REVOCATIONS;

/// V3: failed requests while logins are replaced. Untrusted if the control has no failures.
pub fn planned(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let seconds = env.seconds;
    let bench = env.rotation()?;
    let red = failed(bench.control()?);
    let calm = runs::calm(&mut bench.stack, Duration::from_secs(seconds))?;
    let outcomes = runs::planned(&mut bench.stack, Plant::Nothing)?;
    let note = format!(
        "{}; p99 of rates without rotations {}; the control failed {red}",
        described(&outcomes),
        calm.samples.p99_text()
    );
    Ok(Figure::once(failed(&outcomes) as f64, note))
}

/// V4: seconds from the revocation of all leases in use to the end of the last request that fails.
pub fn recovery(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (losses, outcome) = env.rotation()?.losses()?;
    let slowest = losses.iter().map(|loss| loss.recovered).max();
    let note = format!(
        "the slowest of {REVOCATIONS} revocations, {} requests; replaced: {}",
        outcome.samples.requests(),
        outcome.rotations
    );
    let slowest = slowest.context("no lease was revoked")?;
    Ok(Figure::once(slowest.as_secs_f64(), note))
}

/// V4: requests that fail at one revocation.
pub fn loss(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (losses, outcome) = env.rotation()?.losses()?;
    let counts: Vec<String> = losses.iter().map(|loss| loss.failed.to_string()).collect();
    let most = losses.iter().map(|loss| loss.failed).max();
    let note = format!(
        "{} at {REVOCATIONS} revocations: {}",
        counts.join(", "),
        reasons(&outcome.samples.failures)
    );
    Ok(Figure::once(most.context("no lease was revoked")? as f64, note))
}

/// V10: failed requests of V3 with planted early revocations.
pub fn control(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let outcomes = env.rotation()?.control()?;
    Ok(Figure::once(failed(outcomes) as f64, described(outcomes)))
}

fn failed(outcomes: &[Outcome]) -> usize {
    outcomes.iter().map(Outcome::failed).sum()
}

/// What was replaced, with what effect, by kind.
fn described(outcomes: &[Outcome]) -> String {
    let parts = outcomes.iter().map(|outcome| {
        let (samples, rotations) = (&outcome.samples, &outcome.rotations);
        format!(
            "{}: {} requests, replaced: {rotations}, failures: {}, p99 of rates {}",
            outcome.kind.name(),
            samples.requests(),
            reasons(&samples.failures),
            samples.p99_text()
        )
    });
    parts.collect::<Vec<_>>().join("; ")
}
