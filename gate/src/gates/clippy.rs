//! Gate `clippy`: the compiler's and clippy's lints over every target of the workspace.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::canaries::canary_crate;
use crate::definition::{Gate, Planted, files_only, minutes, whole_tree};
use crate::finding::{Finding, Severity};
use crate::gates::workspace;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "clippy",
    title: "Rust code has no warning of the compiler or of clippy",
    tools: &[],
    after: &[],
    resources: ResourceClass::Cargo,
    timeout: minutes(40),
    required_from: GateProfile::Local,
    // Code includes what is no code: templates, documents.
    inputs: whole_tree,
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "clippy",
        prepare: canary_crate::with_our_lints,
        expects: |_| {
            vec![
                "clippy::unwrap_used",
                "clippy::disallowed_methods",
                "missing_docs",
            ]
        },
    }),
};

/// A line of cargo's JSON.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Line {
    CompilerArtifact {
        target: Target,
    },
    CompilerMessage {
        message: Message,
    },
    BuildFinished {
        success: bool,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    src_path: String,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    message: String,
    code: Option<Code>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u64,
    is_primary: bool,
}

/// Cargo tells each target that it has checked; the manifests say how many there are.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let targets = workspace::targets(ctx)?;
    let command = workspace::cargo(ctx)
        .args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--keep-going",
            "--message-format=json",
        ])
        .args(workspace::features(ctx)?)
        .args(
            targets
                .features
                .iter()
                .map(|feature| format!("--features={feature}")),
        )
        .args(["--", "-D", "warnings"]);
    let output = ctx.run(&command, "clippy")?;
    let (findings, checked) =
        read(&output.stdout).ok_or_else(|| output.failed("cargo did not say how the build ended"))?;
    if output.code != 0 && findings.is_empty() {
        return Err(output.failed("cargo failed without a lint"));
    }
    let files = &targets.files;
    let checked = files.iter().filter(|file| checked.contains(*file));
    let (count, least) = (checked.count() as u64, files.len().max(1) as u64);
    let seen = ScanResult {
        findings,
        ..ScanResult::default()
    };
    Ok(seen.with_work(count, "targets", least))
}

/// The findings, each once though two targets may share a file, and the main files of the targets that were checked;
/// `None` when cargo did not come to its end.
fn read(stdout: &str) -> Option<(Vec<Finding>, BTreeSet<String>)> {
    let (mut findings, mut checked, mut ended) = (Vec::<Finding>::new(), BTreeSet::new(), false);
    for line in stdout.lines() {
        match serde_json::from_str(line) {
            Ok(Line::CompilerArtifact { target }) => {
                checked.insert(target.src_path);
            }
            Ok(Line::CompilerMessage { message }) => {
                if let Some(finding) = finding(message).filter(|finding| !findings.contains(finding)) {
                    findings.push(finding);
                }
            }
            Ok(Line::BuildFinished { success }) => ended = success || !findings.is_empty(),
            _ => {}
        }
    }
    ended.then_some((findings, checked))
}

/// A message; those without a code and a place only count others.
fn finding(message: Message) -> Option<Finding> {
    let severity = match message.level.as_str() {
        "error" | "error: internal compiler error" => Severity::Medium,
        "warning" => Severity::Low,
        _ => return None,
    };
    if message.code.is_none() && message.spans.is_empty() {
        return None;
    }
    let rule = message.code.map_or_else(|| "rustc".to_owned(), |code| code.code);
    let finding = Finding::new("clippy", rule, message.message).rated(severity);
    let mut spans = message.spans.into_iter();
    Some(match spans.find(|span| span.is_primary) {
        Some(span) => finding.at(span.file_name, Some(span.line_start)),
        None => finding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARTIFACT: &str = r#"{"reason":"compiler-artifact","package_id":"path+file:///r/xtask#0.1.0","manifest_path":"/r/xtask/Cargo.toml","target":{"kind":["bin"],"crate_types":["bin"],"name":"xtask","src_path":"/r/xtask/src/main.rs","edition":"2024"},"fresh":true}"#;
    const LINT: &str = r#"{"reason":"compiler-message","target":{"src_path":"/r/x.rs"},"message":{"rendered":"error: used `unwrap()`","$message_type":"diagnostic","children":[],"level":"error","message":"used `unwrap()` on an `Option` value","spans":[{"file_name":"other.rs","line_start":1,"is_primary":false},{"file_name":"src/lib.rs","line_start":7,"is_primary":true}],"code":{"code":"clippy::unwrap_used","explanation":null}}}"#;
    const ABORTING: &str = r#"{"reason":"compiler-message","target":{"src_path":"/r/x.rs"},"message":{"level":"error","message":"aborting due to 1 previous error","spans":[],"code":null}}"#;
    const FAILED: &str = r#"{"reason":"build-finished","success":false}"#;
    const GOOD: &str = r#"{"reason":"build-finished","success":true}"#;

    #[test]
    fn a_lint_is_found_once_however_many_targets_share_its_file() {
        let text = [ARTIFACT, LINT, LINT, ABORTING, FAILED].join("\n");
        let (findings, checked) = read(&text).unwrap();
        let [finding] = findings.as_slice() else {
            panic!("{findings:?}")
        };
        assert_eq!(finding.rule, "clippy::unwrap_used");
        let location = finding.location.as_ref().unwrap();
        assert_eq!((location.path.as_str(), location.line), ("src/lib.rs", Some(7)));
        assert!(checked.contains("/r/xtask/src/main.rs"));
    }

    #[test]
    fn an_end_that_is_missing_or_bad_without_a_lint_is_no_silence() {
        assert!(read("").is_none() && read(ARTIFACT).is_none());
        assert!(read(&[ARTIFACT, FAILED].join("\n")).is_none());
        assert!(read(&[ARTIFACT, GOOD].join("\n")).is_some());
    }
}
