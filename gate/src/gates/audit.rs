//! Gate `audit`: no package of the lock file has a known vulnerability.

use std::fs;

use serde::Deserialize;

use crate::definition::{Gate, Planted, as_it_is, minutes};
use crate::gates::rustsec;
use crate::gates::rustsec::advisories::LEAST;
use crate::gates::rustsec::report::{Report, line_of};
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Seen, Trouble};
use crate::scheduler::Takes;

const TOOL: &str = "cargo-audit";

/// The row.
pub const GATE: Gate = Gate {
    id: "audit",
    title: "No dependency has a known vulnerability",
    tools: &[TOOL],
    after: &[],
    takes: Takes::Little,
    limit: minutes(5),
    needed: Profile::Pipeline,
    inputs: |path| path == "Cargo.lock",
    data: rustsec::revision,
    look,
    planted: Some(Planted {
        folder: "audit",
        prepare: as_it_is,
        expects: &["RUSTSEC-2020-0071", "CVE-2020-26235"],
    }),
};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<toml::Table>,
}

/// It exits with 1 for a vulnerability and for a database that it cannot read; then there is no JSON.
fn look(job: &Job<'_>) -> Look {
    let file = job.subject.join("Cargo.lock");
    let Ok(text) = fs::read_to_string(&file) else {
        return Err(Trouble::NoFiles("no Cargo.lock".to_owned()));
    };
    let lock: Lock = toml::from_str(&text).map_err(|error| Trouble::Broke(format!("Cargo.lock: {error}")))?;
    let call = job.tool(TOOL)?;
    let advisories = rustsec::get(job.shared)?;
    // In an empty folder, where no `.cargo/audit.toml` tells it to ignore anything.
    let call = call
        .within(&job.folder)
        .args(["audit", "--no-fetch", "--format=json"])
        .args(["--db".into(), advisories.clone.clone()])
        .args(["--file".into(), file]);
    let said = job.run(&call, TOOL)?;
    let report: Report = said.json()?;
    let (entries, packages) = (report.database.advisory_count, report.lockfile.dependency_count);
    let mut findings = report.findings(TOOL).map_err(|why| said.broke(&why))?;
    for finding in &mut findings {
        let line = finding
            .package
            .as_deref()
            .and_then(|package| line_of(&text, package));
        *finding = finding.clone().at("Cargo.lock", line);
    }
    let seen = Seen {
        findings,
        databases: vec![advisories.database.clone()],
        outdated: advisories.outdated(job.shared.began),
        limits: advisories.limits.clone(),
        ..Seen::default()
    };
    Ok(seen
        .looked_at(packages, "packages", lock.package.len().max(1) as u64)
        .looked_at(entries, "advisories", LEAST))
}
