//! P6: growth of latency with two hundred times as many prices.

use anyhow::Result;

use crate::bench_env::{BenchEnv, LARGE, SMALL};
use crate::figure::{Figure, median_ratio, span};
use crate::load::LoadProfile;

const ROUNDS: u64 = 7;

/// Short rounds, so that other load hits both sides and the small dataset has enough requests. One connection: with more
/// connections than cores, latency mostly measures waiting for a core.
const PROFILE: LoadProfile = LoadProfile {
    connections: 1,
    threads: 1,
    seconds: 1,
};

/// Lengths of the windows: the same on both sides, and not P1's length, so that no request repeats.
const MIN_DAYS: u32 = 1;
const MAX_DAYS: u32 = 30;

/// Alternates between the large and the small dataset.
pub fn large_against_small(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let wrk = env.wrk()?;
    let mut sides = Vec::new();
    for size in [LARGE, SMALL] {
        let dataset = env.dataset(size)?;
        let load = dataset.load_of("growth", MIN_DAYS, MAX_DAYS)?;
        sides.push((load, dataset.stack.base_url(), Vec::new()));
    }
    for round in 0..=ROUNDS {
        for (load, base_url, medians) in &mut sides {
            let measured = load.run(&wrk, base_url, PROFILE)?;
            // The first round warms up.
            if round > 0 {
                medians.push(measured.p50);
            }
        }
    }
    let [large, small] = [0, 1].map(|side| &sides[side].2);
    let note = format!(
        "p50 {} ms against {} ms, one connection, median of {ROUNDS} rounds of {} s",
        span(large, 3),
        span(small, 3),
        PROFILE.seconds
    );
    let value = median_ratio(large, small);
    Ok(Figure { value, note })
}
