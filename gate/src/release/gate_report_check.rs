//! The gate's report as the proof that this very commit may be released; runs no gate.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};

use crate::gates::GATES;
use crate::outcome::Verdict;
use crate::profile::GateProfile;
use crate::report::model::Report;

/// New advisories come every day.
const FRESH: TimeDelta = TimeDelta::hours(24);

const HOW: &str = "run `cargo xtask ci --profile release` on this commit";

/// Looks at the report in the build's folder.
///
/// # Errors
/// Why it proves nothing, and how to get one that does.
pub fn check(target: &Path, commit: &str, now: DateTime<Utc>) -> Result<()> {
    let file = target.join("report").join("report.json");
    let text =
        fs::read_to_string(&file).with_context(|| format!("no report in {}: {HOW}", file.display()))?;
    let report: Report =
        serde_json::from_str(&text).with_context(|| format!("{} is no report: {HOW}", file.display()))?;
    ensure!(
        report.profile == GateProfile::Release,
        "the report is of the profile {:?}: {HOW}",
        report.profile
    );
    ensure!(
        report.commit == commit,
        "the report is of commit {}: {HOW}",
        report.commit
    );
    ensure!(
        report.changed.is_empty(),
        "the report is of a changed tree: {HOW}"
    );
    ensure!(
        report.left_out.is_empty(),
        "the report leaves out {}: {HOW}",
        report.left_out.join(", ")
    );
    let mut looked: Vec<&str> = report.gates.iter().map(|gate| gate.id.as_str()).collect();
    let mut all: Vec<&str> = GATES.iter().map(|gate| gate.id).collect();
    looked.sort_unstable();
    all.sort_unstable();
    ensure!(looked == all, "the report is not of all gates, each once: {HOW}");
    let began: DateTime<Utc> = report
        .began
        .parse()
        .context("the report does not say when it began")?;
    let age = now - began;
    ensure!(
        age >= TimeDelta::zero() && age <= FRESH,
        "the report is of {}, older than a day: {HOW}",
        report.began
    );
    let passed = report.verdict == Verdict::Pass && Report::verdict_of(&report.gates) == Verdict::Pass;
    ensure!(passed && !report.gates.is_empty(), "the gate did not pass: {HOW}");
    Ok(())
}
