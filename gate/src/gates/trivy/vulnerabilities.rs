//! Gate `trivy-vulnerabilities`: no package of the lock files has a known vulnerability, by trivy's database.

use crate::definition::{Gate, Planted, as_it_is, minutes};
use crate::gates::trivy;
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Seen};
use crate::scheduler::Takes;

/// The row.
pub const GATE: Gate = Gate {
    id: "trivy-vulnerabilities",
    title: "No locked package has a known vulnerability",
    tools: &["trivy"],
    after: &[],
    takes: Takes::Little,
    limit: minutes(10),
    needed: Profile::Release,
    inputs: is_input,
    data: |_| None,
    look,
    planted: Some(Planted {
        folder: "trivy-vulnerabilities",
        prepare: as_it_is,
        expects: &["CVE-2020-26235"],
    }),
};

/// Lock files of the languages that are here, and the manifests by which it tells what is only for development.
fn is_input(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    matches!(
        name,
        "Cargo.lock" | "Cargo.toml" | "package-lock.json" | "requirements.txt" | "go.mod" | "go.sum"
    )
}

fn look(job: &Job<'_>) -> Look {
    let mut call = trivy::call(job, &["fs", "--scanners=vuln", "--list-all-pkgs"])?;
    let copy = job.copy(is_input, &[])?;
    call = call.args(trivy::database(job)?);
    let said = job.run(
        &call.args(["--output=trivy.json".into(), copy.into_os_string()]),
        "trivy",
    )?;
    trivy::has_database(&said)?;
    let report = trivy::report(job, &said, "trivy.json")?;
    let seen = Seen {
        findings: report.findings(str::to_owned),
        databases: trivy::databases(job)?,
        ..Seen::default()
    };
    Ok(seen.looked_at(report.packages(), "packages", 1))
}
