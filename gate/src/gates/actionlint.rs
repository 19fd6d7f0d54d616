//! Gate `actionlint`: workflows are well-formed, and what they run is sound shell.

use std::fs;

use serde::Deserialize;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::file_kinds;
use crate::finding::Finding;
use crate::profile::GateProfile;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "actionlint",
    title: "Workflows are well-formed, their shell too",
    tools: &["actionlint", "shellcheck"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(2),
    required_from: GateProfile::Pipeline,
    inputs: |_, path| is_input(path),
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "actionlint",
        prepare: as_it_is,
        expects: |_| {
            vec![
                "action",
                "expression",
                "job-needs",
                "runner-label",
                "SC2006",
                "SC2046",
                "SC2086",
            ]
        },
    }),
};

#[derive(Deserialize)]
struct Found {
    message: String,
    filepath: String,
    line: u64,
    kind: String,
}

/// Shellcheck behind a filter: a comment of the script itself may turn its rules off, in more forms than could be looked
/// for, since YAML has escapes for letters. With another letter it is an ordinary comment.
const FILTERED: &str = r#"sh -c 'sed s/shellcheck/shellchecK/g | "$SHELLCHECK" "$@"' sh"#;

/// Workflows, and what steps of theirs may use: `./.github/actions/NAME`.
fn is_input(path: &str) -> bool {
    path.starts_with(".github/") || file_kinds::is_action(path)
}

/// With empty settings, so that those of the tree do not count, and in a copy that looks like a repository: else it does
/// not look at what a step gives to an action of the tree.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.files_where(file_kinds::is_workflow);
    if files.is_empty() {
        return Err(ScanError::NothingToScan("no workflow in the tree".to_owned()));
    }
    let settings = ctx.write_file("actionlint.yaml", "{}\n")?;
    let copy = ctx.copy(|_| true, &[])?;
    fs::create_dir_all(copy.join(".git"))?;
    let lint = ctx.tool("actionlint")?;
    ctx.tool("shellcheck")?;
    let shellcheck = ctx.shared.program("shellcheck")?.file;
    let command = lint
        .args(["-verbose", "-no-color", "-format", "{{json .}}", "-pyflakes="])
        .args(["-config-file".into(), settings])
        .args(["-shellcheck", FILTERED])
        .envs([("SHELLCHECK", shellcheck)])
        .current_dir(copy)
        .args(&files);
    read(&ctx.run(&command, "actionlint")?, files.len())
}

/// It exits with 0, or 1 for findings; 2 and 3 are failures. It tells each file that it has done on standard error.
fn read(output: &ToolOutput, files: usize) -> ScanOutcome {
    if !matches!(output.code, 0 | 1) {
        return Err(output.failed("it could not look"));
    }
    let found: Vec<Found> = output.json()?;
    if output.code != i32::from(!found.is_empty()) {
        return Err(output.failed("exit code and report disagree"));
    }
    let lines = || output.stderr.lines();
    let done = lines().filter(|line| line.contains("Found total ")).count();
    let disabled = lines().find(|line| line.contains("Rule \"shellcheck\" was disabled"));
    if let Some(line) = disabled {
        return Err(ScanError::ToolFailed(line.to_owned()));
    }
    let seen = ScanResult {
        findings: found.into_iter().map(finding).collect(),
        limits: vec![
            "actionlint: neither Python in workflows (pyflakes) nor shell in actions of the tree is looked at".to_owned(),
        ],
        ..ScanResult::default()
    };
    Ok(seen.with_work(done as u64, "workflows", files as u64))
}

/// It rates nothing. What shellcheck found says so: `shellcheck reported issue in this script: SC2086:info:1:6: …`.
fn finding(found: Found) -> Finding {
    let rule = found
        .message
        .split_once(" in this script: ")
        .map(|(_, rest)| rest);
    let alias = rule.and_then(|rest| rest.split(':').next()).map(str::to_owned);
    let mut finding =
        Finding::new("actionlint", found.kind, found.message).at(found.filepath, Some(found.line));
    finding.aliases = alias.into_iter().collect();
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: &str = r#"[{"message":"job \"planted\" needs job \"nobody\" which does not exist in this workflow",
        "filepath":".github/workflows/planted.yml","line":5,"column":3,"kind":"job-needs","snippet":"  planted:","end_column":10},
        {"message":"shellcheck reported issue in this script: SC2086:info:1:6: Double quote to prevent globbing and word splitting",
        "filepath":".github/workflows/planted.yml","line":13,"column":9,"kind":"shellcheck","snippet":"      - run:","end_column":13}]"#;
    const LOG: &str = "verbose: Linting .github/workflows/planted.yml
verbose: Found 0 parse errors in 0 ms for .github/workflows/planted.yml
verbose: Found total 2 errors in 0 ms for .github/workflows/planted.yml
";

    fn tool_output(code: i32, stdout: &str, stderr: &str) -> ToolOutput {
        ToolOutput {
            code,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    #[test]
    fn findings_have_their_place_and_shellchecks_rule() {
        let seen = read(&tool_output(1, FOUND, LOG), 1).unwrap();
        assert_eq!(seen.findings[0].rule, "job-needs");
        assert_eq!(seen.findings[0].location.as_ref().unwrap().line, Some(5));
        assert_eq!(seen.findings[1].aliases, ["SC2086"]);
        assert_eq!((seen.work[0].count, seen.work[0].least), (1, 1));
    }

    #[test]
    fn what_did_not_look_is_no_silence() {
        assert!(read(&tool_output(0, "[]", LOG), 1).unwrap().findings.is_empty());
        let blind = "verbose: Rule \"shellcheck\" was disabled: exec: \"x\": executable file not found";
        for output in [
            tool_output(3, "", "could not read"),
            tool_output(0, "", LOG),
            tool_output(1, "[]", LOG),
            tool_output(0, "[]", blind),
        ] {
            assert!(
                matches!(read(&output, 1), Err(ScanError::ToolFailed(_))),
                "{output:?}"
            );
        }
        let idle = read(&tool_output(0, "[]", ""), 1).unwrap();
        assert!(idle.work[0].count < idle.work[0].least);
    }
}
