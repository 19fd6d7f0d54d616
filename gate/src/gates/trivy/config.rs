//! Gate `trivy-config`: Dockerfiles and Terraform code against trivy's checks.

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::file_kinds;
use crate::gates::trivy;
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Seen, Trouble};
use crate::scheduler::Takes;

/// The row.
pub const GATE: Gate = Gate {
    id: "trivy-config",
    title: "Dockerfiles and Terraform code have no known misconfiguration",
    tools: &["trivy"],
    after: &[],
    takes: Takes::Little,
    limit: minutes(10),
    needed: Profile::Pipeline,
    inputs: is_input,
    data: files_only,
    look,
    planted: Some(Planted {
        folder: "trivy-config",
        prepare: as_it_is,
        expects: &["AZU-0011", "DS-0001", "DS-0002", "DS-0026"],
    }),
};

fn is_input(path: &str) -> bool {
    file_kinds::is_dockerfile(path) || file_kinds::is_terraform(path)
}

/// With the checks that are part of the program, never with others that some cache holds. It exits with 0 although a
/// file cannot be parsed, which only standard error tells.
fn look(job: &Job<'_>) -> Look {
    let dockerfiles = job.files_where(file_kinds::is_dockerfile).len() as u64;
    let modules = job.files_where(file_kinds::is_module_file).len() as u64;
    if dockerfiles + modules == 0 {
        return Err(Trouble::NoFiles(
            "no Dockerfile and no *.tf in the tree".to_owned(),
        ));
    }
    let trivy = trivy::call(job, &["config", "--skip-check-update", "--cache-dir=cache"])?;
    let copy = job.copy_named(is_input, &trivy::MARKERS, file_kinds::name_in_copy)?;
    let call = trivy.args(["--output=trivy.json".into(), copy.into_os_string()]);
    let said = job.run(&call, "trivy")?;
    if let Some(line) = said
        .stderr
        .lines()
        .find(|line| line.contains("Error parsing file"))
    {
        return Err(Trouble::Broke(line.to_owned()));
    }
    let report = trivy::report(job, &said, "trivy.json")?;
    let seen = Seen {
        findings: report.findings(file_kinds::path_of_copy),
        limits: vec!["trivy: only the checks that are part of the program, no newer ones".to_owned()],
        ..Seen::default()
    };
    let seen = seen.looked_at(report.checked("dockerfile"), "Dockerfiles", dockerfiles);
    Ok(seen.looked_at(report.checked("terraform"), "Terraform targets", modules.min(1)))
}
