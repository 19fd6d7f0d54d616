//! P6: growth of latency with two hundred times as many prices.

use anyhow::Result;

use crate::bench_env::{BenchEnv, Size};
use crate::figure::Figure;
use crate::load::LoadProfile;
use crate::pairs::{Pairs, Side};
use crate::requests::SCALING;

/// Short rounds, so that other load hits both sides and the small dataset has enough requests. One connection: with more
/// connections than cores, latency mostly measures waiting for a core.
const PROFILE: LoadProfile = LoadProfile {
    connections: 1,
    threads: 1,
    seconds: 1,
};

/// The large dataset ÷ the small one.
pub fn large_against_small(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (stop, rounds) = (&env.context.stop, env.rounds);
    let (many, few) = (env.prices(Size::Large), env.prices(Size::Small));
    let wrk = env.wrk()?;
    let mut load_of = |size| {
        let dataset = env.dataset(size)?;
        let load = dataset.load_of("growth", SCALING)?;
        anyhow::Ok((load, dataset.stack.base_url()))
    };
    let (mut large, mut small) = (load_of(Size::Large)?, load_of(Size::Small)?);
    let pairs = Pairs::measure(stop, rounds, |side| {
        let (load, base_url) = match side {
            Side::Ours => &mut large,
            Side::Theirs => &mut small,
        };
        Ok(load.run(&wrk, base_url, PROFILE)?.p50)
    })?;
    let seconds = PROFILE.seconds;
    let note = format!("{many} prices ÷ {few}, one connection, rounds of {seconds} s");
    Ok(pairs.figure("ms", 3, &note))
}
