//! Gate `gitleaks`: secrets in every file, and in every commit of the history.

mod canary;
mod texts;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use harness::process::command::Command;

use crate::commits::history::SHALLOW;
use crate::definition::{Gate, minutes};
use crate::finding::{Finding, Severity};
use crate::run_state::RunState;
use crate::sarif;
use crate::scan_context::{DISAGREEMENT, ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "gitleaks",
    title: "No secret in the tree or in its history",
    tools: &["gitleaks"],
    timeout: minutes(15),
    data: refs,
    scan,
    prepare: canary::prepare,
    expects: canary::EXPECTS,
    ..Gate::DEFAULT
};

/// Its settings, which it reads beside the scanned files whatever its arguments are.
const SETTINGS: [&str; 2] = [".gitleaks.toml", ".gitleaksignore"];

/// Every commit of every branch, including merges and files that git takes for binary.
const HISTORY: [&str; 4] = ["--all", "--full-history", "-m", "--text"];

/// In the history it has only a file's name and bytes.
const LIMIT: &str = "gitleaks: in earlier commits, UTF-16, images, PDF, lock files and other files that it skips by name are \
                     not scanned; in the tree they are";

/// All branches and tags, and HEAD, which may be on no branch.
fn refs(run_state: &RunState<'_>) -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new(run_state.context, "git").args(args).capture().ok()?;
        Some(output.stdout)
    };
    Some(git(&["for-each-ref"])? + &git(&["rev-parse", "HEAD"])?)
}

/// Scans the history in a bare clone and the files in a copy, neither of which has settings of the tree. A canary has its own
/// repository.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let repository = if ctx.subject.join(".git").is_dir() {
        &ctx.subject
    } else {
        &ctx.context().settings.root
    };
    let git =
        |args: &[&str], name: &str| ctx.run(&ctx.program("git").current_dir(repository).args(args), name);
    let shallow = git(&["rev-parse", "--is-shallow-repository"], "git")?;
    if shallow.stdout.trim() != "false" {
        return Err(ScanError::DataUnavailable(SHALLOW.to_owned()));
    }
    let log = ["log", "--format=%H", "--numstat"];
    let log = git(&[&log, &HISTORY[..]].concat(), "log")?.stdout;
    let copy = ctx.copy(|path| !SETTINGS.contains(&path), &[])?;
    let bare = copy.with_extension("git");
    let clone = ["clone", "--quiet", "--mirror"];
    let clone = ctx.program("git").args(clone).args([repository, &bare]);
    ctx.run_ok(&clone, "clone")?;
    let (plain, messages) = (copy.with_extension("plain"), copy.with_extension("messages"));
    let bytes = texts::write_plain(ctx, &plain)?;
    let message_count = texts::write_messages(ctx, repository, &messages)?;

    let (history, mut findings) = scan_source(ctx, "history", &bare, |path| ctx.relative(path))?;
    findings.extend(scan_source(ctx, "tree", &copy, |path| ctx.relative(path))?.1);
    let (scanned, mut in_plain) = scan_source(ctx, "plain", &plain, |path| texts::path(ctx, path))?;
    in_plain.retain(|finding| !findings.iter().any(|known| is_same(known, finding)));
    findings.extend(in_plain);
    let path = |path: &str| format!("commits/{}", ctx.relative(path));
    findings.extend(scan_source(ctx, "message", &messages, path)?.1);

    let (commits, with_text) = count_commits(&log);
    let scanned_commits = number_before(&history, " commits scanned").unwrap_or(0);
    let scanned_bytes = number_before(&scanned, " bytes").unwrap_or(0);
    Ok(ScanResult::of(findings)
        .with_limits([LIMIT.to_owned()])
        .with_work(scanned_commits, "commits", with_text)
        .with_work(message_count, "messages", commits)
        .with_work(scanned_bytes, "bytes", bytes))
}

/// Each file is scanned under its own name, which some rules need, and under a plain one, which excludes no file.
fn is_same(known: &Finding, finding: &Finding) -> bool {
    known.aliases.iter().any(|alias| alias.starts_with("tree:"))
        && (&known.rule, &known.location) == (&finding.rule, &finding.location)
}

/// Runs gitleaks once. It exits with 0, or 1 with findings; also with 0 where there is no repository, which only standard
/// error reports.
fn scan_source(
    ctx: &ScanContext<'_>,
    source: &str,
    folder: &Path,
    path: impl Fn(&str) -> String,
) -> Result<(ToolOutput, Vec<Finding>), ScanError> {
    let settings = ctx.write_file("gitleaks.toml", "[extend]\nuseDefault = true\n")?;
    let report = format!("{source}.sarif");
    let is_history = source == "history";
    let mode = if is_history {
        vec!["git".to_owned(), format!("--log-opts={}", HISTORY.join(" "))]
    } else {
        vec!["dir".to_owned()]
    };
    let command = ctx
        .tool("gitleaks")?
        .current_dir(folder)
        .args(mode)
        .args(["--no-banner", "--no-color", "--redact=100"])
        .args(["--ignore-gitleaks-allow"])
        .args(["--config".into(), settings])
        .args(["--gitleaks-ignore-path".into(), ctx.folder.clone()])
        .args(["--report-format=sarif", "--report-path"])
        .args([ctx.folder.join(&report), PathBuf::from(".")]);
    let output = ctx.run(&command, source)?;
    let errors = output.log_lines(" ERR ").chain(output.log_lines(" FTL "));
    output.ensure(errors.count() == 0 && matches!(output.code, 0 | 1), "no scan")?;
    let mut findings = sarif::findings(&ctx.read_report(&report)?, "gitleaks", path)?;
    output.ensure(output.code == i32::from(!findings.is_empty()), DISAGREEMENT)?;
    for finding in &mut findings {
        finding.severity = Severity::High;
        // The message names the scanned file, which outside the history is a copy.
        if let (false, Some(path)) = (is_history, finding.path()) {
            finding.message = format!("{} has detected secret for file {path}.", finding.rule);
        }
        finding.aliases.push(format!("{source}:{}", finding.rule));
    }
    Ok((output, findings))
}

/// The number of commits, and how many of them add a line of text: the others have nothing to scan. Git prints `HASH`, once
/// for each parent of a merge, then `ADDED<tab>REMOVED<tab>PATH` for each file, with `-` for a binary one.
fn count_commits(log: &str) -> (u64, u64) {
    let (mut all, mut with_text) = (BTreeSet::new(), BTreeSet::new());
    let mut commit = "";
    for line in log.lines().filter(|line| !line.is_empty()) {
        match line.split_once('\t') {
            None => {
                commit = line;
                all.insert(commit);
            }
            Some(("0" | "-", _)) => {}
            Some(_) => {
                with_text.insert(commit);
            }
        }
    }
    (all.len() as u64, with_text.len() as u64)
}

/// `119` of `7:30AM INF 119 commits scanned.`, `981` of `scanned ~981 bytes (981 bytes)`.
fn number_before(output: &ToolOutput, what: &str) -> Option<u64> {
    let (before, _) = output.stderr.lines().find_map(|line| line.split_once(what))?;
    before.rsplit([' ', '~']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_counts_once_and_one_without_text_has_nothing_to_scan() {
        let log = "aa\n\n3\t0\ta.rs\n1\t1\tb.rs\naa\n\n1\t1\tb.rs\nbb\ncc\n\n-\t-\tx.png\ndd\n\n0\t7\ta.rs\nee\n\n-\t-\tx.png\n1\t0\tc.rs\n";
        assert_eq!(count_commits(log), (5, 2));
    }

    #[test]
    fn its_own_counts_are_read() {
        let log = "7:30AM INF 119 commits scanned.\n7:30AM INF scanned ~3552210 bytes (3.55 MB) in 24.7s\n";
        let output = ToolOutput::of(1, "", log);
        assert_eq!(number_before(&output, " commits scanned"), Some(119));
        assert_eq!(number_before(&output, " bytes"), Some(3_552_210));
        assert_eq!(number_before(&output, " files"), None);
    }
}
