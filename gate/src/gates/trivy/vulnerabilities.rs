//! Gate `trivy-vulnerabilities`: no package of the lock files has a known vulnerability, by trivy's database.

use crate::definition::{Gate, Planted, as_it_is, minutes};
use crate::gates::trivy;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "trivy-vulnerabilities",
    title: "No locked package has a known vulnerability",
    tools: &["trivy"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(10),
    required_from: GateProfile::Release,
    inputs: |_, path| is_input(path),
    data: |_| None,
    scan,
    planted: Some(Planted {
        folder: "trivy-vulnerabilities",
        prepare: as_it_is,
        expects: |_| vec!["CVE-2020-26235"],
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

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let mut command = trivy::command(ctx, &["fs", "--scanners=vuln", "--list-all-pkgs"])?;
    let copy = ctx.copy(is_input, &[])?;
    command = command.args(trivy::database(ctx)?);
    let output = ctx.run(
        &command.args(["--output=trivy.json".into(), copy.into_os_string()]),
        "trivy",
    )?;
    trivy::has_database(&output)?;
    let report = trivy::report(ctx, &output, "trivy.json")?;
    let seen = ScanResult {
        findings: report.findings(str::to_owned),
        databases: trivy::databases(ctx)?,
        ..ScanResult::default()
    };
    Ok(seen.with_work(report.packages(), "packages", 1))
}
