//! Gate `clippy`: lints of the compiler and of clippy over every target of the workspace.

use std::collections::BTreeSet;

use cargo_metadata::Message;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};

use crate::canaries::canary_crate;
use crate::cargo::workspace;
use crate::definition::{Gate, minutes};
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

pub const GATE: Gate = Gate {
    id: "clippy",
    title: "Rust code has no warning of the compiler or of clippy",
    resources: ResourceClass::Cargo,
    timeout: minutes(40),
    required_from: GateProfile::Local,
    // Inputs are all files: code includes templates and documents.
    scan,
    prepare: canary_crate::with_our_lints,
    expects: &[
        "clippy::unwrap_used",
        "clippy::disallowed_methods",
        "missing_docs",
    ],
    ..Gate::DEFAULT
};

/// Cargo reports each target that it has checked; the manifests say how many there are.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let targets = workspace::targets(ctx)?;
    let features = targets
        .features
        .iter()
        .map(|feature| format!("--features={feature}"));
    let command = workspace::cargo(ctx)
        .args(["clippy", "--workspace", "--all-targets", "--keep-going"])
        .args(["--message-format=json"])
        .args(workspace::features(ctx)?)
        .args(features)
        .args(["--", "-D", "warnings"]);
    let output = ctx.run(&command, "clippy")?;
    let (findings, checked) =
        read(&output.stdout).ok_or_else(|| output.failed("cargo does not say how the build ended"))?;
    output.ensure(
        output.code == 0 || !findings.is_empty(),
        "cargo failed without a lint",
    )?;
    let (count, min) = (
        checked.intersection(&targets.files).count(),
        targets.files.len().max(1),
    );
    Ok(ScanResult::of(findings).with_work(count as u64, "targets", min as u64))
}

/// The findings, each once though two targets may share a file, and the main files of the targets that were checked. `None`
/// if cargo did not finish.
fn read(stdout: &str) -> Option<(Vec<Finding>, BTreeSet<String>)> {
    let (mut findings, mut checked, mut finished) = (Vec::<Finding>::new(), BTreeSet::new(), false);
    for message in Message::parse_stream(stdout.as_bytes()) {
        match message.ok()? {
            Message::CompilerArtifact(artifact) => {
                checked.insert(artifact.target.src_path.into_string());
            }
            Message::CompilerMessage(message) => {
                let finding = finding(message.message).filter(|finding| !findings.contains(finding));
                findings.extend(finding);
            }
            Message::BuildFinished(build) => finished = build.success || !findings.is_empty(),
            _ => {}
        }
    }
    finished.then_some((findings, checked))
}

/// Messages without a code and a location only count others.
fn finding(message: Diagnostic) -> Option<Finding> {
    let severity = match message.level {
        DiagnosticLevel::Error | DiagnosticLevel::Ice => Severity::Medium,
        DiagnosticLevel::Warning => Severity::Low,
        _ => return None,
    };
    if message.code.is_none() && message.spans.is_empty() {
        return None;
    }
    let rule = message.code.map_or_else(|| "rustc".to_owned(), |code| code.code);
    let finding = Finding::new("clippy", rule, message.message).rated(severity);
    let mut spans = message.spans.into_iter();
    Some(match spans.find(|span| span.is_primary) {
        Some(span) => finding.at(span.file_name, Some(span.line_start as u64)),
        None => finding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARTIFACT: &str = r#"{"reason":"compiler-artifact","package_id":"path+file:///r/xtask#0.1.0","manifest_path":"/r/xtask/Cargo.toml","target":{"kind":["bin"],"crate_types":["bin"],"name":"xtask","src_path":"/r/xtask/src/main.rs","edition":"2024"},"profile":{"opt_level":"0","debuginfo":0,"debug_assertions":true,"overflow_checks":true,"test":false},"features":[],"filenames":[],"executable":null,"fresh":true}"#;
    const LINT: &str = r#"{"reason":"compiler-message","package_id":"path+file:///r/x#0.1.0","target":{"kind":["lib"],"name":"x","src_path":"/r/x.rs"},"message":{"rendered":"error: used `unwrap()`","$message_type":"diagnostic","children":[],"level":"error","message":"used `unwrap()` on an `Option` value","spans":[{"byte_end":64,"byte_start":54,"column_end":15,"column_start":5,"expansion":null,"label":null,"line_end":4,"suggested_replacement":null,"suggestion_applicability":null,"text":[],"file_name":"other.rs","line_start":1,"is_primary":false},{"byte_end":64,"byte_start":54,"column_end":15,"column_start":5,"expansion":null,"label":null,"line_end":4,"suggested_replacement":null,"suggestion_applicability":null,"text":[],"file_name":"src/lib.rs","line_start":7,"is_primary":true}],"code":{"code":"clippy::unwrap_used","explanation":null}}}"#;
    const ABORTING: &str = r#"{"reason":"compiler-message","package_id":"path+file:///r/x#0.1.0","target":{"kind":["lib"],"name":"x","src_path":"/r/x.rs"},"message":{"rendered":null,"children":[],"level":"error","message":"aborting due to 1 previous error","spans":[],"code":null}}"#;
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
        assert_eq!((finding.path(), finding.line()), (Some("src/lib.rs"), Some(7)));
        assert!(checked.contains("/r/xtask/src/main.rs"));
    }

    #[test]
    fn a_build_that_did_not_finish_or_failed_without_a_lint_is_an_error() {
        assert!(read("").is_none() && read(ARTIFACT).is_none());
        assert!(read(&[ARTIFACT, FAILED].join("\n")).is_none());
        assert!(read(&[ARTIFACT, GOOD].join("\n")).is_some());
    }
}
