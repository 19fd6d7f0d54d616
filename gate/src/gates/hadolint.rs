//! Gate `hadolint`: its rules for Dockerfiles.

use serde::Deserialize;

use crate::definition::{Gate, minutes};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::scan_context::{DISAGREEMENT, ScanContext, ToolOutput};
use crate::scan_result::{ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "hadolint",
    title: "Dockerfiles follow hadolint's rules",
    tools: &["hadolint"],
    timeout: minutes(2),
    inputs: |_, path| file_kinds::is_dockerfile(path),
    scan,
    expects: &[
        "DL3003", "DL3004", "DL3007", "DL3020", "DL3025", "DL4000", "DL4006",
    ],
    ..Gate::DEFAULT
};

#[derive(Deserialize)]
struct Issue {
    code: String,
    file: String,
    level: String,
    line: u64,
    message: String,
}

/// Runs with its own settings, so that settings of the tree or of a home have no effect, and without inline ignores.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.require_files("Dockerfile", file_kinds::is_dockerfile)?;
    let settings = ctx.write_file("hadolint.yaml", "failure-threshold: style\n")?;
    let command = ctx
        .tool("hadolint")?
        .args(["--format=json", "--disable-ignore-pragma", "--config"])
        .args([settings])
        .args(["--"])
        .args(&files);
    read(&ctx.run(&command, "hadolint")?, files.len())
}

/// hadolint exits with 1 for findings and, without output, for a missing file. A file that it cannot parse is finding DL1000.
fn read(output: &ToolOutput, files: usize) -> ScanOutcome {
    let issues: Vec<Issue> = output.json()?;
    output.ensure(output.code == i32::from(!issues.is_empty()), DISAGREEMENT)?;
    let findings = issues.into_iter().map(|issue| {
        let severity = match issue.code.as_str() {
            "DL1000" => Severity::High,
            _ => Severity::named(&issue.level),
        };
        Finding::new("hadolint", issue.code, issue.message)
            .rated(severity)
            .at(issue.file, Some(issue.line))
    });
    Ok(ScanResult::of(findings).with_work(files as u64, "Dockerfiles", 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::assert_tool_failed;

    #[test]
    fn findings_have_location_and_severity() {
        let report = r#"[{"code":"DL3007","column":1,"file":"Dockerfile","level":"warning","line":1,"message":"latest"},
            {"code":"DL3059","column":1,"file":"a/Dockerfile","level":"info","line":9,"message":"consecutive RUN"},
            {"code":"DL1000","column":1,"file":"b/Dockerfile","level":"error","line":2,"message":"unexpected 'x'"}]"#;
        let findings = read(&ToolOutput::of(1, report, ""), 3).unwrap().findings;
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
    fn only_an_empty_list_with_exit_code_0_is_no_finding() {
        assert!(read(&ToolOutput::of(0, "[]", ""), 1).unwrap().findings.is_empty());
        let missing = "hadolint: nofile: withBinaryFile: does not exist (No such file or directory)";
        for output in [
            ToolOutput::of(1, "", missing),
            ToolOutput::of(0, "", ""),
            ToolOutput::of(1, "[]", ""),
            ToolOutput::of(-9, "[]", ""),
        ] {
            assert_tool_failed(&read(&output, 1));
        }
    }
}
