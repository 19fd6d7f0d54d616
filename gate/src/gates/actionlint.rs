//! Gate `actionlint`: checks workflows and their shell scripts.

use std::fs;

use serde::Deserialize;

use crate::definition::{Gate, minutes};
use crate::file_kinds;
use crate::finding::Finding;
use crate::scan_context::{DISAGREEMENT, ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "actionlint",
    title: "Workflows and the shell scripts in them are correct",
    tools: &["actionlint", "shellcheck"],
    timeout: minutes(2),
    inputs: |_, path| path.starts_with(".github/") || file_kinds::is_action(path),
    scan,
    expects: &[
        "action",
        "expression",
        "job-needs",
        "runner-label",
        "SC2006",
        "SC2046",
        "SC2086",
    ],
    ..Gate::DEFAULT
};

#[derive(Deserialize)]
struct Issue {
    message: String,
    filepath: String,
    line: u64,
    kind: String,
}

/// Shellcheck behind a filter that disables its ignore comments. They cannot be searched for in the workflow: YAML may
/// escape any character.
const FILTERED: &str = r#"sh -c 'sed s/shellcheck/shellchecK/g | "$SHELLCHECK" "$@"' sh"#;

/// Runs with empty settings, so that settings of the tree have no effect, and in a copy that looks like a repository:
/// otherwise actionlint does not check the inputs of the tree's own actions.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.require_files("workflow", file_kinds::is_workflow)?;
    let settings = ctx.write_file("actionlint.yaml", "{}\n")?;
    let copy = ctx.copy(|_| true, &[])?;
    fs::create_dir_all(copy.join(".git"))?;
    for file in &files {
        let file = copy.join(file);
        fs::write(&file, with_known_paths(&fs::read_to_string(&file)?))?;
    }
    let actionlint = ctx.tool("actionlint")?;
    ctx.tool("shellcheck")?;
    let shellcheck = ctx.run_state.program("shellcheck")?.file;
    let command = actionlint
        .args(["-verbose", "-no-color", "-format", "{{json .}}", "-pyflakes="])
        .args(["-config-file".into(), settings])
        .args(["-shellcheck", FILTERED])
        .envs([("SHELLCHECK", shellcheck)])
        .current_dir(copy)
        .args(&files);
    read(&ctx.run(&command, "actionlint")?, files.len())
}

/// actionlint 1.7.12 does not know `$/`, the repository at the running commit, which zizmor demands (rhysd/actionlint issue 711). `./` is
/// as long, so that places in the file stay the same.
fn with_known_paths(workflow: &str) -> String {
    let line = |line: &str| {
        let code = line.trim_start().trim_start_matches("- ");
        let is_local = code.starts_with("uses:") && code.contains("$/");
        if is_local {
            line.replacen("$/", "./", 1)
        } else {
            line.to_owned()
        }
    };
    workflow.split_inclusive('\n').map(line).collect()
}

/// Exit codes: 0, 1 with findings, 2 and 3 for failures. Standard error names each file that was checked.
fn read(output: &ToolOutput, files: usize) -> ScanOutcome {
    output.ensure(matches!(output.code, 0 | 1), "no scan")?;
    let issues: Vec<Issue> = output.json()?;
    output.ensure(output.code == i32::from(!issues.is_empty()), DISAGREEMENT)?;
    if let Some(line) = output.log_lines("Rule \"shellcheck\" was disabled").next() {
        return Err(ScanError::ToolFailed(line.to_owned()));
    }
    let checked = output.log_lines("Found total ").count();
    let limit =
        "actionlint: checks neither Python in workflows (pyflakes) nor shell scripts in the tree's actions";
    Ok(ScanResult::of(issues.into_iter().map(finding))
        .with_work(checked as u64, "workflows", files as u64)
        .with_limits([limit.to_owned()]))
}

/// Shellcheck's rule is in the message: `shellcheck reported issue in this script: SC2086:info:1:6: …`.
fn finding(issue: Issue) -> Finding {
    let report = issue.message.split_once(" in this script: ");
    let rule = report
        .and_then(|(_, report)| report.split(':').next())
        .map(str::to_owned);
    Finding::new("actionlint", issue.kind, issue.message)
        .at(issue.filepath, Some(issue.line))
        .with_aliases(rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::assert_tool_failed;

    const FOUND: &str = r#"[{"message":"job \"planted\" needs job \"nobody\" which does not exist in this workflow",
        "filepath":".github/workflows/planted.yml","line":5,"column":3,"kind":"job-needs","snippet":"  planted:","end_column":10},
        {"message":"shellcheck reported issue in this script: SC2086:info:1:6: Double quote to prevent globbing and word splitting",
        "filepath":".github/workflows/planted.yml","line":13,"column":9,"kind":"shellcheck","snippet":"      - run:","end_column":13}]"#;
    const LOG: &str = "verbose: Linting .github/workflows/planted.yml
verbose: Found 0 parse errors in 0 ms for .github/workflows/planted.yml
verbose: Found total 2 errors in 0 ms for .github/workflows/planted.yml
";

    #[test]
    fn actions_of_the_tree_are_named_as_actionlint_knows_them() {
        let text = "      - uses: $/.github/actions/a # $/b\n        run: echo $/uses:\n    uses: '$/.github/workflows/b.yml'";
        let known = "      - uses: ./.github/actions/a # $/b\n        run: echo $/uses:\n    uses: './.github/workflows/b.yml'";
        assert_eq!(with_known_paths(text), known);
    }

    #[test]
    fn findings_have_their_location_and_shellchecks_rule() {
        let result = read(&ToolOutput::of(1, FOUND, LOG), 1).unwrap();
        assert_eq!(result.findings[0].rule, "job-needs");
        assert_eq!(result.findings[0].line(), Some(5));
        assert_eq!(result.findings[1].aliases, ["SC2086"]);
        assert_eq!((result.work[0].count, result.work[0].min), (1, 1));
    }

    #[test]
    fn a_failed_or_incomplete_scan_is_no_pass() {
        assert!(
            read(&ToolOutput::of(0, "[]", LOG), 1)
                .unwrap()
                .findings
                .is_empty()
        );
        let disabled = "verbose: Rule \"shellcheck\" was disabled: exec: \"x\": executable file not found";
        for output in [
            ToolOutput::of(3, "", "could not read"),
            ToolOutput::of(0, "", LOG),
            ToolOutput::of(1, "[]", LOG),
            ToolOutput::of(0, "[]", disabled),
        ] {
            assert_tool_failed(&read(&output, 1));
        }
        let idle = read(&ToolOutput::of(0, "[]", ""), 1).unwrap();
        assert!(idle.work[0].count < idle.work[0].min);
    }
}
