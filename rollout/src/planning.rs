//! Makes the plan of a deploy, and refuses one that a policy denies or that changes more of the app than a rollback undoes, before any
//! approval.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use plan_policies::{Denial, Policies};
use serde_json::Value;

use crate::app_changes;
use crate::invocation::{Module, Variables};
use crate::plan_json::{self, Change};
use crate::runner::Runner;

/// A plan that may be approved.
#[derive(Debug)]
pub struct Planned {
    /// As `terraform show` prints it.
    pub json: Value,
    /// What it changes.
    pub changes: Vec<Change>,
    /// What of it belongs to the app as a whole, which was accepted.
    pub app_changes: Vec<String>,
    /// Whether it changes anything.
    pub has_changes: bool,
}

/// Plans into a file, and judges the plan. A refused plan is removed.
///
/// # Errors
/// Naming rule, address and message of everything that the policies of the folder deny, or every change of the app as a whole that was
/// not accepted.
pub fn plan(
    runner: &impl Runner,
    module: &Module<'_>,
    variables: &Variables,
    file: &Path,
    policies: &Path,
    accepts_app_changes: bool,
) -> Result<Planned> {
    let mut policies = Policies::read(policies)?;
    runner.run(&module.init(), &[0])?;
    let code = runner.run(&module.plan(variables, file, None), &[0, 2])?.code;
    let json = runner.json(&module.show(file))?;
    let judged = policies
        .denials(&json)
        .context("judging the plan")
        .and_then(|denials| require_none(&denials))
        .and_then(|()| plan_json::changes(&json))
        .and_then(|changes| Ok((require_accepted(&changes, accepts_app_changes)?, changes)));
    let (app_changes, changes) = match judged {
        Ok(judged) => judged,
        Err(error) => {
            // Not to be applied, and it holds the environment's configuration.
            fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
            return Err(error);
        }
    };
    Ok(Planned {
        json,
        changes,
        app_changes,
        has_changes: code != Some(0),
    })
}

fn require_accepted(changes: &[Change], accepts_app_changes: bool) -> Result<Vec<String>> {
    let found = app_changes::find(changes);
    ensure!(
        found.is_empty() || accepts_app_changes,
        "the plan changes the app as a whole, for the old revision, too, before the smoke test, and a rollback does not undo it: \
         if both revisions work with it, accept it with --accept-app-changes:\n  {}",
        found.join("\n  ")
    );
    Ok(found)
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
