//! Gate `hadolint`: Dockerfiles follow the rules of their trade.

use serde::Deserialize;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "hadolint",
    title: "Dockerfiles have no bad habits",
    tools: &["hadolint"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(2),
    required_from: GateProfile::Pipeline,
    inputs: |_, path| file_kinds::is_dockerfile(path),
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "hadolint",
        prepare: as_it_is,
        expects: |_| {
            vec![
                "DL3003", "DL3004", "DL3007", "DL3020", "DL3025", "DL4000", "DL4006",
            ]
        },
    }),
};

#[derive(Deserialize)]
struct Found {
    code: String,
    file: String,
    level: String,
    line: u64,
    message: String,
}

/// With settings of our own, so that none of the tree or of a home count, and without inline ignores.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.files_where(file_kinds::is_dockerfile);
    if files.is_empty() {
        return Err(ScanError::NothingToScan("no Dockerfile in the tree".to_owned()));
    }
    let settings = ctx.write_file("hadolint.yaml", "failure-threshold: style\n")?;
    let command = ctx
        .tool("hadolint")?
        .args(["--format=json", "--disable-ignore-pragma", "--config"])
        .args([settings])
        .args(["--"])
        .args(&files);
    read(&ctx.run(&command, "hadolint")?, files.len())
}

/// It exits with 1 for findings and for a file that is missing; only then standard output is empty. What it cannot parse
/// is a finding, DL1000.
fn read(output: &ToolOutput, files: usize) -> ScanOutcome {
    let found: Vec<Found> = output.json()?;
    if output.code != i32::from(!found.is_empty()) {
        return Err(output.failed("exit code and report disagree"));
    }
    let findings = found.into_iter().map(|found| {
        let severity = match found.code.as_str() {
            "DL1000" => Severity::High,
            _ => Severity::named(&found.level),
        };
        Finding::new("hadolint", found.code, found.message)
            .rated(severity)
            .at(found.file, Some(found.line))
    });
    let seen = ScanResult {
        findings: findings.collect(),
        ..ScanResult::default()
    };
    Ok(seen.with_work(files as u64, "Dockerfiles", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool_output(code: i32, stdout: &str, stderr: &str) -> ToolOutput {
        ToolOutput {
            code,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    #[test]
    fn findings_are_read_with_place_and_severity() {
        let report = r#"[{"code":"DL3007","column":1,"file":"Dockerfile","level":"warning","line":1,"message":"latest"},
            {"code":"DL3059","column":1,"file":"a/Dockerfile","level":"info","line":9,"message":"consecutive RUN"},
            {"code":"DL1000","column":1,"file":"b/Dockerfile","level":"error","line":2,"message":"unexpected 'x'"}]"#;
        let findings = read(&tool_output(1, report, ""), 3).unwrap().findings;
        let severities: Vec<Severity> = findings.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [Severity::Medium, Severity::Info, Severity::High]);
        assert_eq!(
            findings[1],
            Finding::new("hadolint", "DL3059", "consecutive RUN")
                .rated(Severity::Info)
                .at("a/Dockerfile", Some(9))
        );
    }

    #[test]
    fn silence_is_an_empty_list_and_nothing_else() {
        assert!(read(&tool_output(0, "[]", ""), 1).unwrap().findings.is_empty());
        let missing = "hadolint: nofile: withBinaryFile: does not exist (No such file or directory)";
        for output in [
            tool_output(1, "", missing),
            tool_output(0, "", ""),
            tool_output(1, "[]", ""),
            tool_output(-9, "[]", ""),
        ] {
            assert!(
                matches!(read(&output, 1), Err(ScanError::ToolFailed(_))),
                "{output:?}"
            );
        }
    }
}
