//! Makes the plan of a deploy, and refuses one that a policy denies, before any approval.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use plan_policies::{Denial, Policies};
use serde_json::Value;

use crate::invocation::{Module, Variables};
use crate::runner::Runner;

/// A plan that no policy denies.
#[derive(Debug)]
pub struct Planned {
    /// As `terraform show` prints it.
    pub json: Value,
    /// Whether it changes anything.
    pub has_changes: bool,
}

/// Plans into a file, and judges the plan. A denied plan is removed.
///
/// # Errors
/// Naming rule, address and message of everything that the policies of the folder deny.
pub fn plan(
    runner: &impl Runner,
    module: &Module<'_>,
    variables: &Variables,
    file: &Path,
    policies: &Path,
) -> Result<Planned> {
    let mut policies = Policies::read(policies)?;
    runner.run(&module.init(), &[0])?;
    let code = runner.run(&module.plan(variables, file, None), &[0, 2])?.code;
    let json = runner.json(&module.show(file))?;
    let denials = policies.denials(&json).context("judging the plan");
    if let Err(error) = denials.and_then(|denials| require_none(&denials)) {
        // Not to be applied, and it holds the environment's configuration.
        fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
        return Err(error);
    }
    let has_changes = code != Some(0);
    Ok(Planned { json, has_changes })
}

fn require_none(denials: &BTreeSet<Denial>) -> Result<()> {
    let line = |denial: &Denial| {
        let Denial {
            rule,
            address,
            message,
            control,
        } = denial;
        format!("\n  {rule} {address}: {message} ({control})")
    };
    let lines: String = denials.iter().map(line).collect();
    ensure!(lines.is_empty(), "policies deny the plan:{lines}");
    Ok(())
}
