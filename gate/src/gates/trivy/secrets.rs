//! Gate `trivy-secrets`: secrets in every file, by other rules than those of gitleaks.

use std::collections::BTreeSet;

use crate::canaries::secrets;
use crate::definition::Gate;
use crate::gates::trivy;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "trivy-secrets",
    title: "No secret in the tree",
    tools: &["trivy"],
    scan,
    prepare: secrets::plant,
    expects: &["aws-access-key-id", "aws-secret-access-key", "private-key"],
    ..Gate::DEFAULT
};

/// By default trivy skips tests, examples and Markdown.
const SETTINGS: &str = "disable-allow-rules:\n  - tests\n  - examples\n  - markdown\n";

/// How many skipped files are reported by name.
const MAX_NAMES: usize = 5;

/// trivy reports a file without a secret only in its debug log. It may skip one file in ten: those with a few extensions, as
/// images have. They are reported.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let settings = ctx.write_file("trivy-secret.yaml", SETTINGS)?;
    let trivy = trivy::command(ctx, &["fs", "--scanners=secret", "--debug", trivy::NO_CACHE])?;
    let copy = ctx.copy(|_| true, &trivy::MARKERS)?;
    let trivy = trivy.args(["--secret-config".into(), settings]);
    let output = trivy::run(ctx, trivy, &copy, "trivy")?;
    let report = trivy::report(ctx, &output, "trivy")?;
    let scanned = scanned(&output.stderr);
    let skipped = ctx.files_where(|path| !scanned.contains(path));
    let files = ctx.files.len() as u64;
    Ok(ScanResult::of(report.findings(str::to_owned))
        .with_limits(limit(&skipped))
        .with_work(scanned.len() as u64, "files", files - files / 10))
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

fn limit(skipped: &[&str]) -> Option<String> {
    let names = skipped
        .iter()
        .take(MAX_NAMES)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match skipped.len() {
        0 => None,
        few if few <= MAX_NAMES => Some(format!("trivy skips {names}")),
        many => Some(format!("trivy skips {names} and {} more", many - MAX_NAMES)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_without_a_secret_are_counted_and_skipped_files_are_named() {
        let log = "2026-11-21T07:30:19Z\tDEBUG\t[secret] Using streaming scanner\tfile_path=\"a/key.pem\"\n\
            2026-11-21T07:30:19Z\tDEBUG\t[secret] scanChunk called\tfile_path=\"b\" content_len=875\n\
            2026-11-21T07:30:19Z\tDEBUG\t[secret] Using streaming scanner\tfile_path=\"a b.txt\"\n";
        assert_eq!(scanned(log), BTreeSet::from(["a b.txt", "a/key.pem"]));
        assert_eq!(limit(&["a", "b"]).unwrap(), "trivy skips a, b");
        let six = limit(&["a", "b", "c", "d", "e", "f"]);
        assert_eq!(six.unwrap(), "trivy skips a, b, c, d, e and 1 more");
    }
}
