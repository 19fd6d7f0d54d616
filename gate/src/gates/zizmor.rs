//! Gate `zizmor`: security of workflows, actions, Dependabot settings and pre-commit hooks.

use serde_json::Value;

use crate::definition::{Gate, minutes};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::scan_context::{DISAGREEMENT, ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "zizmor",
    title: "Workflows have minimal permissions, no injection and pinned actions",
    tools: &["zizmor"],
    timeout: minutes(2),
    inputs: |_, path| file_kinds::is_automation(path),
    scan,
    expects: &[
        "artipacked",
        "dangerous-triggers",
        "dependabot-cooldown",
        "excessive-permissions",
        "template-injection",
        "unpinned-uses",
    ],
    ..Gate::DEFAULT
};

/// Offline, so that no token of the caller is sent anywhere; `--no-ignores` reports what a comment would hide. JSON, because
/// with SARIF zizmor always exits with 0.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let kinds = "workflow, action, Dependabot settings or hooks";
    let files = ctx.require_files(kinds, file_kinds::is_automation)?;
    let command = ctx
        .tool("zizmor")?
        .args(["--offline", "--no-config", "--no-ignores", "--no-progress"])
        .args(["--persona=pedantic", "--strict-collection", "--collect=all"])
        .args(["--format=json-v1", "--color=never", "--verbose", "."]);
    let output = ctx.run(&command, "zizmor")?;
    read(&output, files.len(), |path| ctx.relative(path))
}

/// Exit codes: 0, or 11 to 14 by the worst finding; 1 to 3 are failures, such as "no inputs". Standard error names each
/// checked file and each rule that cannot run.
fn read(output: &ToolOutput, files: usize, relative: impl Fn(&str) -> String) -> ScanOutcome {
    output.ensure(matches!(output.code, 0 | 11..=14), "no scan")?;
    let issues: Vec<Value> = output.json()?;
    output.ensure((output.code == 0) == issues.is_empty(), DISAGREEMENT)?;
    let findings = issues.iter().map(|issue| finding(issue, &relative));
    let findings: Option<Vec<Finding>> = findings.collect();
    let findings = findings.ok_or_else(|| ScanError::ToolFailed("an unknown form of report".to_owned()))?;
    let checked = output.log_lines("completed ").count();
    let skipped = output
        .log_lines(": skipping ")
        .filter_map(|line| line.split_once(": skipping "));
    let skipped = skipped.filter(|(_, rule)| rule.contains("can't run"));
    Ok(ScanResult::of(findings)
        .with_work(checked as u64, "files", files as u64)
        .with_limits(skipped.map(|(_, rule)| format!("zizmor {}", rule.trim()))))
}

fn finding(issue: &Value, relative: &impl Fn(&str) -> String) -> Option<Finding> {
    let locations = issue["locations"].as_array()?;
    let primary = locations
        .iter()
        .find(|location| location["symbolic"]["kind"] == "Primary");
    let location = primary.or(locations.first());
    let text = |pointer: &str| location.and_then(|location| location.pointer(pointer)?.as_str());
    let (rule, description) = (issue["ident"].as_str()?, issue["desc"].as_str()?);
    let message = format!(
        "{description}: {}",
        text("/symbolic/annotation").unwrap_or_default()
    );
    let severity = issue.pointer("/determinations/severity")?.as_str()?;
    let finding = Finding::new("zizmor", rule, message).rated(Severity::named(severity));
    let Some(path) = text("/symbolic/key/Local/verbatim_path") else {
        return Some(finding);
    };
    // Rows are counted from 0.
    let row = location.and_then(|location| location.pointer("/concrete/location/start_point/row")?.as_u64());
    Some(finding.at(relative(path), row.map(|row| row + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::assert_tool_failed;

    const FOUND: &str = r#"[{"ident":"artipacked","desc":"credential persistence through GitHub Actions artifacts",
        "url":"https://docs.zizmor.sh/audits/#artipacked",
        "determinations":{"confidence":"Low","severity":"Medium","persona":"Regular"},
        "locations":[{"symbolic":{"key":{"Local":{"verbatim_path":"./.github/workflows/planted.yml"}},
            "annotation":"does not set persist-credentials: false","route":{"route":[{"Key":"jobs"}]},
            "feature_kind":"Normal","kind":"Primary"},
            "concrete":{"location":{"start_point":{"row":6,"column":8},"end_point":{"row":6,"column":33},
            "offset_span":{"start":131,"end":156}},"feature":"uses: actions/checkout@v4","comments":[]}}],
        "ignored":true,"fixes":[]}]"#;
    const LOG: &str = " INFO zizmor: 🌈 zizmor v1.32.0
DEBUG collect_inputs: zizmor::config: skipping config discovery: explicitly disabled
DEBUG zizmor::registry: skipping impostor-commit: can't run without a GitHub API token
 INFO audit: zizmor: 🌈 completed ./.github/workflows/planted.yml
";

    fn relative(path: &str) -> String {
        path.trim_start_matches("./").to_owned()
    }

    #[test]
    fn ignored_findings_count_and_skipped_rules_are_reported() {
        let result = read(&ToolOutput::of(13, FOUND, LOG), 1, relative).unwrap();
        let finding = &result.findings[0];
        assert_eq!(
            (finding.rule.as_str(), finding.severity),
            ("artipacked", Severity::Medium)
        );
        assert_eq!(finding.path(), Some(".github/workflows/planted.yml"));
        assert_eq!(finding.line(), Some(7));
        let limit = "zizmor impostor-commit: can't run without a GitHub API token";
        assert_eq!(result.limits, [limit]);
        assert_eq!((result.work[0].count, result.work[0].min), (1, 1));
    }

    #[test]
    fn missing_inputs_malformed_output_and_a_wrong_exit_code_are_errors() {
        let clean = read(&ToolOutput::of(0, "[]", LOG), 1, relative).unwrap();
        assert!(clean.findings.is_empty());
        for output in [
            ToolOutput::of(3, "", "error: no inputs collected"),
            ToolOutput::of(0, "", LOG),
            ToolOutput::of(0, FOUND, LOG),
            ToolOutput::of(1, "[]", LOG),
            ToolOutput::of(13, "[{}]", LOG),
        ] {
            assert_tool_failed(&read(&output, 1, relative));
        }
        let fewer = read(&ToolOutput::of(0, "[]", LOG), 2, relative).unwrap();
        assert!(fewer.work[0].count < fewer.work[0].min);
    }
}
