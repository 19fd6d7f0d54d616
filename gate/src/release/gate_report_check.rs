//! Checks that the gate's report proves that this commit may be released.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};

use crate::gates::GATES;
use crate::outcome::Verdict;
use crate::profile::GateProfile;
use crate::report::model::Report;

/// New advisories appear every day.
const MAX_AGE: TimeDelta = TimeDelta::hours(24);

const HOW: &str = "run `cargo xtask ci --profile release` on this commit";

/// Checks the report in the target folder. The error says how to get a valid one.
pub fn check(target: &Path, commit: &str, now: DateTime<Utc>) -> Result<()> {
    let file = target.join("report").join("report.json");
    let text =
        fs::read_to_string(&file).with_context(|| format!("no report in {}: {HOW}", file.display()))?;
    let report: Report =
        serde_json::from_str(&text).with_context(|| format!("{} is no report: {HOW}", file.display()))?;
    let mut ran: Vec<&str> = report.gates.iter().map(|gate| gate.id.as_str()).collect();
    let mut all: Vec<&str> = GATES.iter().map(|gate| gate.id).collect();
    ran.sort_unstable();
    all.sort_unstable();
    let began: DateTime<Utc> = report
        .began
        .parse()
        .context("the report does not say when it began")?;
    let age = now - began;
    let passed = report.verdict == Verdict::Pass && Report::verdict_of(&report.gates) == Verdict::Pass;
    let left_out = report.left_out.join(", ");
    for (holds, problem) in [
        (
            report.profile == GateProfile::Release,
            format!("the report is of the profile {:?}", report.profile),
        ),
        (
            report.commit == commit,
            format!("the report is of commit {}", report.commit),
        ),
        (
            report.changed.is_empty(),
            "the report is of a changed tree".to_owned(),
        ),
        (left_out.is_empty(), format!("the report leaves out {left_out}")),
        (ran == all, "the report is not of all gates, each once".to_owned()),
        (
            age >= TimeDelta::zero() && age <= MAX_AGE,
            format!("the report is of {}, older than a day", report.began),
        ),
        (
            passed && !report.gates.is_empty(),
            "the gate did not pass".to_owned(),
        ),
    ] {
        ensure!(holds, "{problem}: {HOW}");
    }
    Ok(())
}
