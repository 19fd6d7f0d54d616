//! Gives all traffic back to a revision, and deactivates those that are not to run beside it.

use anyhow::{Context as _, Result};

use crate::azure::{self, Revision};
use crate::config::Environment;
use crate::journal::Target;
use crate::runner::Runner;
use crate::traffic::{await_healthy, set_traffic};

/// Gives all traffic to the old revision of a deploy, and deactivates the new one.
///
/// # Errors
/// When the old revision does not exist or cannot be activated, or a command fails.
pub fn to_old(
    runner: &impl Runner,
    target: &Target,
    environment: &Environment,
    old: &str,
    new: &str,
) -> Result<()> {
    if activate(runner, target, old)? {
        await_healthy(runner, target, old, environment, |_| Ok(()))?;
    }
    take_over(runner, target, old, |other| other.name == new)
}

/// Gives all traffic to a revision that an operator names, and deactivates all others.
///
/// # Errors
/// When the revision does not exist or is not healthy, or a command fails.
pub fn to_named(
    runner: &impl Runner,
    target: &Target,
    environment: &Environment,
    revision: &str,
) -> Result<()> {
    activate(runner, target, revision)?;
    await_healthy(runner, target, revision, environment, |_| Ok(()))
        .context("the traffic was not changed")?;
    // Not only those that have traffic: after a rollback that was interrupted the bad one has none.
    take_over(runner, target, revision, |_| true)
}

/// Whether it was inactive.
fn activate(runner: &impl Runner, target: &Target, revision: &str) -> Result<bool> {
    let revisions = list(runner, target)?;
    let found = revisions.iter().find(|found| found.name == revision);
    let found = found.with_context(|| {
        let names: Vec<&str> = revisions.iter().map(|found| found.name.as_str()).collect();
        format!("no revision {revision}; there are {}", names.join(", "))
    })?;
    if !found.is_active {
        runner.run(&target.activate(revision), &[0])?;
    }
    Ok(!found.is_active)
}

/// The others are listed after the change of the traffic: until then a command that survived its deploy may have created one.
fn take_over(
    runner: &impl Runner,
    target: &Target,
    revision: &str,
    is_to_end: impl Fn(&Revision) -> bool,
) -> Result<()> {
    set_traffic(runner, target, &[(revision, 100)])?;
    for other in list(runner, target)? {
        if other.is_active && other.name != revision && is_to_end(&other) {
            // It would go on to work on mails and connections.
            runner.run(&target.deactivate(&other.name), &[0])?;
        }
    }
    Ok(())
}

fn list(runner: &impl Runner, target: &Target) -> Result<Vec<Revision>> {
    azure::revisions(&runner.json(&target.list_revisions())?)
}
