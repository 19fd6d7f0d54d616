//! Gate `trivy-vulnerabilities`: vulnerable packages in lock files, by trivy's database.

use crate::definition::Gate;
use crate::gates::trivy;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "trivy-vulnerabilities",
    title: "No package of a lock file has a known vulnerability (trivy's database)",
    tools: &["trivy"],
    required_from: GateProfile::Release,
    inputs: |_, path| is_input(path),
    data: |_| None,
    scan,
    expects: &["CVE-2020-26235"],
    ..Gate::DEFAULT
};

/// Lock files, and the manifests by which trivy recognises development dependencies.
fn is_input(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        name,
        "Cargo.lock" | "Cargo.toml" | "package-lock.json" | "requirements.txt" | "go.mod" | "go.sum"
    )
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let trivy = trivy::command(ctx, &["fs", "--scanners=vuln", "--list-all-pkgs"])?;
    let copy = ctx.copy(is_input, &[])?;
    let trivy = trivy.args(trivy::database(ctx)?);
    let output = trivy::run(ctx, trivy, &copy, "trivy")?;
    trivy::ensure_database(&output)?;
    let report = trivy::report(ctx, &output, "trivy")?;
    Ok(ScanResult {
        databases: trivy::databases(ctx)?,
        ..ScanResult::of(report.findings(str::to_owned))
    }
    .with_work(report.packages(), "packages", 1))
}
