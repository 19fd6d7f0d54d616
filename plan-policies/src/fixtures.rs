//! Tests of policies: a plan that passes, and patches of it that must be denied.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use json_patch::Patch;
use serde::{Deserialize, Serialize};

use crate::policies::{Denial, Policies, files};

/// Below the folder of policies.
const FOLDER: &str = "tests";

/// A file that changes a plan.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    /// A plan beside this file.
    plan: String,
    /// RFC 6902.
    patch: Patch,
    /// All that must be denied.
    expect: BTreeSet<Expected>,
}

/// What a test expects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The name of the rule.
    pub rule: String,
    /// Of the resource.
    pub address: String,
}

/// The result of one file.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct FixtureOutcome {
    /// The file's name without its extension.
    pub name: String,
    /// Rule and address of what was not denied, but must be.
    pub missing: BTreeSet<Expected>,
    /// What was denied, and must not be.
    pub unexpected: BTreeSet<Expected>,
    /// The controls of what was denied.
    pub controls: BTreeSet<String>,
}

/// The results of all files.
#[derive(Debug, Serialize)]
pub struct Tested {
    /// By file.
    pub fixtures: Vec<FixtureOutcome>,
    /// Rules that no test expects.
    pub untested: BTreeSet<String>,
}

/// Runs the tests in the folder of policies. A file that is itself a plan must pass.
///
/// # Errors
///
/// If there is no test, or one cannot be read or evaluated.
pub fn run(folder: &Path, policies: &mut Policies) -> Result<Tested> {
    let folder = folder.join(FOLDER);
    let mut untested = policies.rules().clone();
    let mut fixtures = Vec::new();
    for file in files(&folder, "json")? {
        let mut read = || -> Result<FixtureOutcome> {
            let (plan, expected) = load(&folder, &file)?;
            for one in &expected {
                untested.remove(&one.rule);
            }
            let name = file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            Ok(outcome(name, &expected, policies.denials(&plan)?))
        };
        fixtures.push(read().with_context(|| file.display().to_string())?);
    }
    ensure!(!fixtures.is_empty(), "no test in {}", folder.display());
    Ok(Tested { fixtures, untested })
}

fn outcome(name: String, expected: &BTreeSet<Expected>, denials: BTreeSet<Denial>) -> FixtureOutcome {
    let mut controls = BTreeSet::new();
    let mut found = BTreeSet::new();
    for denial in denials {
        controls.insert(denial.control);
        found.insert(Expected {
            rule: denial.rule,
            address: denial.address,
        });
    }
    FixtureOutcome {
        name,
        missing: expected.difference(&found).cloned().collect(),
        unexpected: found.difference(expected).cloned().collect(),
        controls,
    }
}

/// The plan of a test, and what must be denied in it.
fn load(folder: &Path, file: &Path) -> Result<(serde_json::Value, BTreeSet<Expected>)> {
    let json = |file: &Path| -> Result<serde_json::Value> {
        let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(serde_json::from_slice(&text)?)
    };
    let content = json(file)?;
    if content.get("format_version").is_some() {
        return Ok((content, BTreeSet::new()));
    }
    let fixture: Fixture = serde_json::from_value(content)?;
    ensure!(!fixture.expect.is_empty(), "it expects nothing");
    let mut plan = json(&folder.join(&fixture.plan))?;
    json_patch::patch(&mut plan, &fixture.patch)?;
    Ok((plan, fixture.expect))
}
