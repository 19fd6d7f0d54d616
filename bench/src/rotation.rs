//! V3, V4, V10: logins that Vault issues, replaced and revoked under load. The runs are those of `cargo xtask soak`.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use soak::runs;
use soak::samples::reasons;
use stack::vault::Source;

use crate::bench_env::BenchEnv;
use crate::figure::Figure;
use crate::rotation_bench::REVOCATIONS;

/// Rotations of V3: of dynamic logins by lease and by token, and of static ones.
const DYNAMIC: u64 = 14;
const STATIC: u64 = 6;

/// V3: failed requests while logins are replaced. Without failures in the control the figure proves nothing.
pub fn planned(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let seconds = env.seconds;
    let bench = env.rotation()?;
    let red = bench.control()?.failed();
    ensure!(
        red > 0,
        "untrusted: revoking leases too early failed no request, so the measurement cannot fail"
    );
    let calm = runs::calm(&mut bench.stack, Duration::from_secs(seconds))?;
    let dynamic = runs::rotating(&mut bench.stack, Source::Dynamic, DYNAMIC, 0)?;
    let of_static = runs::rotating(&mut bench.stack, Source::Static, STATIC, 0)?;
    let failed = dynamic.failed() + of_static.failed();
    let failures = dynamic.samples.failures.iter().chain(&of_static.samples.failures);
    let note = format!(
        "of {} requests; replaced: {}, {}; p99 of rates {:.1} ms without rotations, {:.1} and {:.1} ms with; failures: {}; \
         the control failed {red}",
        dynamic.samples.requests() + of_static.samples.requests(),
        dynamic.rotations,
        of_static.rotations,
        calm.samples.p99(),
        dynamic.samples.p99(),
        of_static.samples.p99(),
        reasons(failures)
    );
    Ok(Figure {
        value: failed as f64,
        note,
    })
}

/// V4: seconds from the revocation of all leases in use to the end of the last request that fails.
pub fn recovery(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (losses, outcome) = env.rotation()?.losses()?;
    let slowest = losses.iter().map(|loss| loss.recovered).max();
    Ok(Figure {
        value: slowest.context("no lease was revoked")?.as_secs_f64(),
        note: format!(
            "the slowest of {REVOCATIONS} revocations, {} requests; replaced: {}",
            outcome.samples.requests(),
            outcome.rotations
        ),
    })
}

/// V4: requests that fail at one revocation.
pub fn loss(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (losses, outcome) = env.rotation()?.losses()?;
    let counts: Vec<String> = losses.iter().map(|loss| loss.failed.to_string()).collect();
    let most = losses.iter().map(|loss| loss.failed).max();
    Ok(Figure {
        value: most.context("no lease was revoked")? as f64,
        note: format!(
            "{} at {REVOCATIONS} revocations: {}",
            counts.join(", "),
            reasons(&outcome.samples.failures)
        ),
    })
}

/// V10: failed requests of the control.
pub fn control(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let control = env.rotation()?.control()?;
    Ok(Figure {
        value: control.failed() as f64,
        note: format!(
            "of {} requests: {}",
            control.samples.requests(),
            reasons(&control.samples.failures)
        ),
    })
}
