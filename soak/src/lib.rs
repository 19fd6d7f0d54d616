//! `cargo xtask soak`: rotates database logins under load, with incidents, and counts failed requests.

mod incidents;
mod load;
mod report;
pub mod rotations;
pub mod runs;
pub mod samples;
pub mod vault_stack;

use std::time::Duration;

use anyhow::{Result, bail};
use harness::context::Context;
use harness::output::print;

use report::Report;
use stack::vault::Source;
use vault_stack::VaultStack;

/// Without rotations, for comparison.
const CALM: Duration = Duration::from_secs(20);

/// How often all leases in use are revoked.
const REVOCATIONS: u32 = 3;

/// Options of `cargo xtask soak`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Number of logins to replace; three in four are dynamic ones, the others static
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
    report.add("no rotation", false, &runs::calm(&mut stack, CALM)?);
    let of_static = options.rotations / 4;
    for (name, source, rotations) in [
        ("dynamic logins", Source::Dynamic, options.rotations - of_static),
        ("static logins", Source::Static, of_static),
    ] {
        print(&format!("{name}: {rotations} rotations"));
        let incidents = usize::try_from(rotations / options.incident_every).unwrap_or(usize::MAX);
        let outcome = runs::rotating(&mut stack, source, rotations, incidents)?;
        report.add(name, false, &outcome);
    }
    let (losses, outcome) = runs::unplanned_loss(&mut stack, REVOCATIONS)?;
    report.add_losses(&losses, &outcome);
    report.add(
        "control, leases revoked too early",
        true,
        &runs::control(&mut stack)?,
    );
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
