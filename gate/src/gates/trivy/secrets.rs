//! Gate `trivy-secrets`: no secret in any file, by the rules of another tool than gitleaks.

use std::collections::BTreeSet;

use crate::canaries::secrets;
use crate::definition::{Gate, Planted, files_only, minutes, whole_tree};
use crate::gates::trivy;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "trivy-secrets",
    title: "No secret in the tree",
    tools: &["trivy"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(10),
    required_from: GateProfile::Pipeline,
    inputs: whole_tree,
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "trivy-secrets",
        prepare: secrets::plant,
        expects: |_| vec!["aws-access-key-id", "aws-secret-access-key", "private-key"],
    }),
};

/// By itself it leaves out tests, examples and Markdown.
const SETTINGS: &str = "disable-allow-rules:\n  - tests\n  - examples\n  - markdown\n";

/// How many names of files that it leaves out are told.
const TOLD: usize = 5;

/// It tells of a file without a secret only in its log for finding faults. Of ten files it may leave out one, with names:
/// those of a few endings, as pictures have.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let settings = ctx.write_file("trivy-secret.yaml", SETTINGS)?;
    let trivy = trivy::command(ctx, &["fs", "--scanners=secret", "--debug", "--cache-dir=cache"])?;
    // Its own settings name rules and paths to leave out; its marker stands in no file of a copy.
    let copy = ctx.copy(|_| true, &trivy::MARKERS)?;
    let command = trivy
        .args(["--secret-config".into(), settings])
        .args(["--output=trivy.json".into(), copy.into_os_string()]);
    let output = ctx.run(&command, "trivy")?;
    let report = trivy::report(ctx, &output, "trivy.json")?;
    let scanned = scanned(&output.stderr);
    let left_out: Vec<&str> = ctx.files_where(|path| !scanned.contains(path));
    let seen = ScanResult {
        findings: report.findings(str::to_owned),
        limits: told(&left_out),
        ..ScanResult::default()
    };
    let files = ctx.files.len() as u64;
    Ok(seen.with_work(scanned.len() as u64, "files", files - files / 10))
}

fn scanned(log: &str) -> BTreeSet<&str> {
    let lines = log
        .lines()
        .filter(|line| line.contains("Using streaming scanner"));
    lines
        .filter_map(|line| line.split_once("file_path=\"")?.1.split_once('"'))
        .map(|(path, _)| path)
        .collect()
}

fn told(left_out: &[&str]) -> Vec<String> {
    let names = left_out.iter().take(TOLD).copied().collect::<Vec<_>>().join(", ");
    match left_out.len() {
        0 => Vec::new(),
        few if few <= TOLD => vec![format!("trivy leaves out {names}")],
        many => vec![format!("trivy leaves out {names} and {} more", many - TOLD)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_without_a_secret_are_counted_too_and_those_left_out_are_named() {
        let log = "2026-11-21T07:30:19Z\tDEBUG\t[secret] Using streaming scanner\tfile_path=\"a/key.pem\"\n\
            2026-11-21T07:30:19Z\tDEBUG\t[secret] scanChunk called\tfile_path=\"b\" content_len=875\n\
            2026-11-21T07:30:19Z\tDEBUG\t[secret] Using streaming scanner\tfile_path=\"a b.txt\"\n";
        assert_eq!(
            scanned(log).into_iter().collect::<Vec<_>>(),
            ["a b.txt", "a/key.pem"]
        );
        assert_eq!(told(&["a", "b"]), ["trivy leaves out a, b"]);
        assert_eq!(
            told(&["a", "b", "c", "d", "e", "f"]),
            ["trivy leaves out a, b, c, d, e and 1 more"]
        );
    }
}
