//! Gate `trivy-config`: trivy's checks of Dockerfiles and Terraform code.

use std::path::Path;

use crate::definition::Gate;
use crate::file_kinds;
use crate::gates::trivy::{self, report::Report};
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "trivy-config",
    title: "Dockerfiles and Terraform code have no known misconfiguration",
    tools: &["trivy"],
    inputs: |_, path| is_input(path),
    scan,
    expects: &["AZU-0011", "DS-0001", "DS-0002", "DS-0026"],
    ..Gate::DEFAULT
};

fn is_input(path: &str) -> bool {
    file_kinds::is_dockerfile(path) || file_kinds::is_terraform(path)
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let dockerfiles = ctx.files_where(file_kinds::is_dockerfile).len() as u64;
    let modules = ctx.files_where(file_kinds::is_module_file).len() as u64;
    if dockerfiles + modules == 0 {
        let what = "no Dockerfile and no *.tf in the tree";
        return Err(ScanError::NothingToScan(what.to_owned()));
    }
    let copy = ctx.copy_named(is_input, &trivy::MARKERS, file_kinds::name_in_copy)?;
    let report = report(ctx, &copy, &[])?;
    let limit = "trivy: only its built-in checks".to_owned();
    Ok(ScanResult::of(report.findings(file_kinds::path_of_copy))
        .with_limits([limit])
        .with_work(report.checked("dockerfile"), "Dockerfiles", dockerfiles)
        .with_work(report.checked("terraform"), "Terraform targets", modules.min(1)))
}

/// Scans a folder with the built-in checks only, never with those of a cache. trivy exits with 0 although a file cannot be parsed,
/// which only standard error reports.
pub fn report(ctx: &ScanContext<'_>, folder: &Path, arguments: &[String]) -> Result<Report, ScanError> {
    let trivy = trivy::command(ctx, &["config", "--skip-check-update", trivy::NO_CACHE])?;
    let output = trivy::run(ctx, trivy.args(arguments), folder, "trivy")?;
    if let Some(line) = output.log_lines("Error parsing file").next() {
        return Err(ScanError::ToolFailed(line.to_owned()));
    }
    trivy::report(ctx, &output, "trivy")
}
