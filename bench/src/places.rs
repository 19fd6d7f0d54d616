//! P4: `/rates` between regions, compared with `/rates` between ports, and with pgbench's recursive statement.

use anyhow::Result;

use crate::bench_env::{BenchEnv, Size};
use crate::figure::Figure;
use crate::pairs::{Pairs, Side};
use crate::pgbench::Pgbench;
use crate::requests::{MONTH, PLACES};
use crate::statement::Statement;
use crate::uncached::{CONNECTIONS, profile};

/// Requests per second between regions ÷ between ports, in windows of the same lengths.
pub fn against_ports(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (stop, rounds, seconds) = (&env.context.stop, env.rounds, env.seconds);
    let (dataset, wrk) = env.tools(Size::Large, &[])?;
    let mut regions = dataset.load_between_regions("regions", PLACES)?;
    let mut ports = dataset.load_of("ports", PLACES)?;
    let (base_url, prices) = (dataset.stack.base_url(), dataset.prices);
    let pairs = Pairs::measure(stop, rounds, |side| {
        let load = match side {
            Side::Ours => &mut regions,
            Side::Theirs => &mut ports,
        };
        Ok(load.run(&wrk, &base_url, profile(seconds))?.rate)
    })?;
    let note = format!("{prices} prices, {CONNECTIONS} connections, rounds of {seconds} s");
    Ok(pairs.figure("requests/s", 0, &note))
}

/// Requests per second between regions ÷ pgbench's transactions per second.
pub fn against_recursion(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (stop, rounds, seconds) = (&env.context.stop, env.rounds, env.seconds);
    let (dataset, wrk) = env.tools(Size::Large, &Pgbench::TOOLS)?;
    let (pgbench, script) = dataset.script(Statement::Recursive)?;
    let mut regions = dataset.load_between_regions("regions-recursive", MONTH)?;
    let (base_url, prices) = (dataset.stack.base_url(), dataset.prices);
    let pairs = Pairs::measure(stop, rounds, |side| match side {
        Side::Ours => Ok(regions.run(&wrk, &base_url, profile(seconds))?.rate),
        Side::Theirs => pgbench.measure(&script, CONNECTIONS, seconds),
    })?;
    let note = format!("{prices} prices, {CONNECTIONS} connections, rounds of {seconds} s");
    Ok(pairs.figure("per second", 1, &note))
}
