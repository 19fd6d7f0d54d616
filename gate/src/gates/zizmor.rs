//! Gate `zizmor`: workflows give nobody more than they need, and hooks and updates are pinned.

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
    id: "zizmor",
    title: "Workflows cannot be turned against us",
    tools: &["zizmor"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(2),
    required_from: GateProfile::Pipeline,
    inputs: |_, path| file_kinds::is_automation(path),
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "zizmor",
        prepare: as_it_is,
        expects: |_| {
            vec![
                "artipacked",
                "dangerous-triggers",
                "dependabot-cooldown",
                "excessive-permissions",
                "template-injection",
                "unpinned-uses",
            ]
        },
    }),
};

#[derive(Deserialize)]
struct Found {
    ident: String,
    desc: String,
    determinations: Determinations,
    locations: Vec<Place>,
}

#[derive(Deserialize)]
struct Determinations {
    severity: String,
}

#[derive(Deserialize)]
struct Place {
    symbolic: Symbolic,
    concrete: Concrete,
}

#[derive(Deserialize)]
struct Symbolic {
    key: Key,
    annotation: String,
    kind: String,
}

#[derive(Deserialize)]
struct Key {
    #[serde(rename = "Local")]
    local: Option<Local>,
}

#[derive(Deserialize)]
struct Local {
    verbatim_path: String,
}

#[derive(Deserialize)]
struct Concrete {
    location: Span,
}

#[derive(Deserialize)]
struct Span {
    start_point: Point,
}

#[derive(Deserialize)]
struct Point {
    row: u64,
}

/// Always offline, so that a token of the caller goes nowhere; `--no-ignores` counts what a comment would hide. As JSON,
/// because with SARIF it always exits with 0.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.files_where(file_kinds::is_automation);
    if files.is_empty() {
        return Err(ScanError::NothingToScan(
            "no workflow, no Dependabot settings, no hooks in the tree".to_owned(),
        ));
    }
    let command = ctx
        .tool("zizmor")?
        .args(["--offline", "--no-config", "--no-ignores", "--no-progress"])
        .args(["--persona=pedantic", "--strict-collection", "--collect=all"])
        .args(["--format=json-v1", "--color=never", "--verbose", "."]);
    read(&ctx.run(&command, "zizmor")?, files.len(), |path| {
        ctx.relative(path)
    })
}

/// It exits with 0, or with 11 to 14 by the worst finding; 1 to 3 are failures, among them "no inputs". It names each
/// file that it has done, and each rule that it cannot run, on standard error.
fn read(output: &ToolOutput, files: usize, relative: impl Fn(&str) -> String) -> ScanOutcome {
    if !matches!(output.code, 0 | 11..=14) {
        return Err(output.failed("no audit was performed"));
    }
    let found: Vec<Found> = output.json()?;
    if (output.code == 0) != found.is_empty() {
        return Err(output.failed("exit code and report disagree"));
    }
    let lines = || output.stderr.lines();
    let done = lines().filter(|line| line.contains("completed ")).count();
    let skipped = lines().filter_map(|line| line.split_once(": skipping ").map(|(_, rule)| rule.trim()));
    let seen = ScanResult {
        findings: found.iter().map(|found| finding(found, &relative)).collect(),
        limits: skipped
            .filter(|rule| rule.contains("can't run"))
            .map(|rule| format!("zizmor {rule}"))
            .collect(),
        ..ScanResult::default()
    };
    Ok(seen.with_work(done as u64, "files", files as u64))
}

fn finding(found: &Found, relative: &impl Fn(&str) -> String) -> Finding {
    let primary = found
        .locations
        .iter()
        .find(|place| place.symbolic.kind == "Primary");
    let place = primary.or(found.locations.first());
    let why = place.map_or("", |place| place.symbolic.annotation.as_str());
    let finding = Finding::new("zizmor", &found.ident, format!("{}: {why}", found.desc))
        .rated(Severity::named(&found.determinations.severity));
    let local = place.and_then(|place| Some((place.symbolic.key.local.as_ref()?, &place.concrete)));
    match local {
        // Its rows are counted from 0.
        Some((local, concrete)) => finding.at(
            relative(&local.verbatim_path),
            Some(concrete.location.start_point.row + 1),
        ),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn tool_output(code: i32, stdout: &str, stderr: &str) -> ToolOutput {
        ToolOutput {
            code,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    fn relative(path: &str) -> String {
        path.trim_start_matches("./").to_owned()
    }

    #[test]
    fn findings_count_also_where_a_comment_ignores_them_and_rules_left_out_are_told() {
        let seen = read(&tool_output(13, FOUND, LOG), 1, relative).unwrap();
        let finding = &seen.findings[0];
        assert_eq!(
            (finding.rule.as_str(), finding.severity),
            ("artipacked", Severity::Medium)
        );
        let place = finding.location.as_ref().unwrap();
        assert_eq!(
            (place.path.as_str(), place.line),
            (".github/workflows/planted.yml", Some(7))
        );
        assert_eq!(
            seen.limits,
            ["zizmor impostor-commit: can't run without a GitHub API token"]
        );
        assert_eq!((seen.work[0].count, seen.work[0].least), (1, 1));
    }

    #[test]
    fn no_inputs_nonsense_and_sarifs_zero_are_no_silence() {
        assert!(
            read(&tool_output(0, "[]", LOG), 1, relative)
                .unwrap()
                .findings
                .is_empty()
        );
        for output in [
            tool_output(3, "", "error: no inputs collected"),
            tool_output(0, "", LOG),
            tool_output(0, FOUND, LOG),
            tool_output(1, "[]", LOG),
        ] {
            assert!(
                matches!(read(&output, 1, relative), Err(ScanError::ToolFailed(_))),
                "{output:?}"
            );
        }
        let fewer = read(&tool_output(0, "[]", LOG), 2, relative).unwrap();
        assert!(fewer.work[0].count < fewer.work[0].least);
    }
}
