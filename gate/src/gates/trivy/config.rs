//! Gate `trivy-config`: Dockerfiles and Terraform code against trivy's checks.

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::file_kinds;
use crate::gates::trivy;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "trivy-config",
    title: "Dockerfiles and Terraform code have no known misconfiguration",
    tools: &["trivy"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(10),
    required_from: GateProfile::Pipeline,
    inputs: |_, path| is_input(path),
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "trivy-config",
        prepare: as_it_is,
        expects: |_| vec!["AZU-0011", "DS-0001", "DS-0002", "DS-0026"],
    }),
};

fn is_input(path: &str) -> bool {
    file_kinds::is_dockerfile(path) || file_kinds::is_terraform(path)
}

/// With the checks that are part of the program, never with others that some cache holds. It exits with 0 although a
/// file cannot be parsed, which only standard error tells.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let dockerfiles = ctx.files_where(file_kinds::is_dockerfile).len() as u64;
    let modules = ctx.files_where(file_kinds::is_module_file).len() as u64;
    if dockerfiles + modules == 0 {
        return Err(ScanError::NothingToScan(
            "no Dockerfile and no *.tf in the tree".to_owned(),
        ));
    }
    let trivy = trivy::command(ctx, &["config", "--skip-check-update", "--cache-dir=cache"])?;
    let copy = ctx.copy_named(is_input, &trivy::MARKERS, file_kinds::name_in_copy)?;
    let command = trivy.args(["--output=trivy.json".into(), copy.into_os_string()]);
    let output = ctx.run(&command, "trivy")?;
    if let Some(line) = output
        .stderr
        .lines()
        .find(|line| line.contains("Error parsing file"))
    {
        return Err(ScanError::ToolFailed(line.to_owned()));
    }
    let report = trivy::report(ctx, &output, "trivy.json")?;
    let seen = ScanResult {
        findings: report.findings(file_kinds::path_of_copy),
        limits: vec!["trivy: only the checks that are part of the program, no newer ones".to_owned()],
        ..ScanResult::default()
    };
    let seen = seen.with_work(report.checked("dockerfile"), "Dockerfiles", dockerfiles);
    Ok(seen.with_work(report.checked("terraform"), "Terraform targets", modules.min(1)))
}
