//! `cargo xtask soak`: rotates database logins under load, with incidents, and counts failed requests.

mod incidents;
mod load;
pub mod migrations;
mod previous;
mod report;
pub mod rotations;
pub mod runs;
pub mod samples;
mod schema;
mod tokens;
pub mod vault_stack;

use std::time::Duration;

use anyhow::{Result, bail};
use harness::context::Context;
use harness::output::print;

use report::Report;
use vault_stack::{Kind, Plant, VaultStack};

/// Without rotations, for comparison.
const CALM: Duration = Duration::from_secs(20);

/// How often all leases in use are revoked.
const REVOCATIONS: u32 = 3;

/// Options of `cargo xtask soak`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Number of logins to replace: three in ten dynamic ones, three static ones, four with access tokens
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(8..=100_000))]
    rotations: u64,
    /// Rotations between two incidents
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..))]
    incident_every: u64,
    /// Build the service with optimisations
    #[arg(long)]
    release: bool,
}

/// Runs all parts, prints a line for each, and writes `target/soak/report.json`.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let mut stack = VaultStack::start(context, options.release)?;
    let mut report = Report::default();
    report.add("no rotation", &runs::calm(&mut stack, CALM)?);
    let three_tenths = options.rotations * 3 / 10;
    for (kind, rotations) in [
        (Kind::Dynamic, three_tenths),
        (Kind::Static, three_tenths),
        (Kind::Token, options.rotations - 2 * three_tenths),
    ] {
        let name = kind.name();
        print(&format!("{name}: {rotations} rotations"));
        let incidents = usize::try_from(rotations / options.incident_every).unwrap_or(usize::MAX);
        report.add(name, &runs::rotating(&mut stack, kind, rotations, incidents)?);
    }
    let (losses, outcome) = runs::unplanned_loss(&mut stack, REVOCATIONS)?;
    report.add_losses(&losses, &outcome);
    for outcome in runs::planned(&mut stack, Plant::EarlyRevocations)? {
        report.add_control(&outcome);
    }
    let file = context.settings.target.join("soak").join("report.json");
    report.write(&file)?;
    stack.stop()?;
    match report.problem() {
        None => {
            print(&format!(
                "soak: no request failed outside announced outages, {}",
                file.display()
            ));
            Ok(())
        }
        Some(problem) => bail!("soak: {problem}"),
    }
}
