//! Gate `audit`: no package of the lock file has a known vulnerability.

use std::fs;

use serde::Deserialize;

use crate::definition::{Gate, Planted, as_it_is, minutes};
use crate::gates::rustsec;
use crate::gates::rustsec::advisories::LEAST;
use crate::gates::rustsec::report::{Report, line_of};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

const TOOL: &str = "cargo-audit";

/// The row.
pub const GATE: Gate = Gate {
    id: "audit",
    title: "No dependency has a known vulnerability",
    tools: &[TOOL],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(5),
    required_from: GateProfile::Pipeline,
    inputs: |_, path| path == "Cargo.lock",
    data: rustsec::revision,
    scan,
    planted: Some(Planted {
        folder: "audit",
        prepare: as_it_is,
        expects: |_| vec!["RUSTSEC-2020-0071", "CVE-2020-26235"],
    }),
};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<toml::Table>,
}

/// It exits with 1 for a vulnerability and for a database that it cannot read; then there is no JSON.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let file = ctx.subject.join("Cargo.lock");
    let Ok(text) = fs::read_to_string(&file) else {
        return Err(ScanError::NothingToScan("no Cargo.lock".to_owned()));
    };
    let lock: Lock =
        toml::from_str(&text).map_err(|error| ScanError::ToolFailed(format!("Cargo.lock: {error}")))?;
    let command = ctx.tool(TOOL)?;
    let advisories = rustsec::get(ctx.shared)?;
    // In an empty folder, where no `.cargo/audit.toml` tells it to ignore anything.
    let command = command
        .current_dir(&ctx.folder)
        .args(["audit", "--no-fetch", "--format=json"])
        .args(["--db".into(), advisories.clone.clone()])
        .args(["--file".into(), file]);
    let output = ctx.run(&command, TOOL)?;
    let report: Report = output.json()?;
    let (entries, packages) = (report.database.advisory_count, report.lockfile.dependency_count);
    let mut findings = report.findings(TOOL).map_err(|why| output.failed(&why))?;
    for finding in &mut findings {
        let line = finding
            .package
            .as_deref()
            .and_then(|package| line_of(&text, package));
        *finding = finding.clone().at("Cargo.lock", line);
    }
    let seen = ScanResult {
        findings,
        databases: vec![advisories.database.clone()],
        outdated: advisories.outdated(ctx.shared.began),
        limits: advisories.limits.clone(),
        ..ScanResult::default()
    };
    Ok(seen
        .with_work(packages, "packages", lock.package.len().max(1) as u64)
        .with_work(entries, "advisories", LEAST))
}
