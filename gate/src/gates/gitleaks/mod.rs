//! Gate `gitleaks`: no secret in any file, nor in any commit that ever was.

mod canary;
mod texts;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use harness::process::command::Command;

use crate::commits::history::SHALLOW;
use crate::definition::{Gate, Planted, minutes, whole_tree};
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::sarif;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;
use crate::shared::Shared;

/// The row.
pub const GATE: Gate = Gate {
    id: "gitleaks",
    title: "No secret in the tree or in its history",
    tools: &["gitleaks"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(15),
    required_from: GateProfile::Pipeline,
    inputs: whole_tree,
    data: refs,
    scan,
    planted: Some(Planted {
        folder: "gitleaks",
        prepare: canary::prepare,
        expects: |_| canary::EXPECTS.to_vec(),
    }),
};

/// Its own files of settings, which would beside the scanned files be read whatever its arguments say.
const OWN: [&str; 2] = [".gitleaks.toml", ".gitleaksignore"];

/// Every commit of every branch, merges and files that git takes for binary included.
const HISTORY: [&str; 4] = ["--all", "--full-history", "-m", "--text"];

/// What it leaves out there: it knows a file of history only by its name and its bytes.
const LIMIT: &str = "gitleaks: in earlier commits, neither UTF-16 nor pictures, PDF, lists of locked versions and other \
                     files whose names it leaves out; in the tree it looks at those too";

/// Where every branch and tag is, and the commit at hand, which no branch may have: history matters beside files.
fn refs(shared: &Shared<'_>) -> Option<String> {
    let tool_output = |args: &[&str]| {
        let output = Command::new(shared.context, "git").args(args).capture().ok()?;
        Some(output.stdout)
    };
    Some(tool_output(&["for-each-ref"])? + &tool_output(&["rev-parse", "HEAD"])?)
}

/// The history from a bare clone and the files from a copy: neither has settings of the tree. A planted defect brings a
/// repository of its own.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let own = ctx.subject.join(".git").is_dir();
    let repository = if own {
        &ctx.subject
    } else {
        &ctx.context().settings.root
    };
    let git = |args: &[&str], name: &str| {
        let command = Command::new(ctx.context(), "git").current_dir(repository);
        ctx.run(&command.args(args), name)
    };
    if git(&["rev-parse", "--is-shallow-repository"], "git")?
        .stdout
        .trim()
        != "false"
    {
        return Err(ScanError::DataUnavailable(SHALLOW.to_owned()));
    }
    let log = ["log", "--format=%H", "--numstat"];
    let log = git(&[&log, &HISTORY[..]].concat(), "log")?.stdout;
    let copy = ctx.copy(|path| !OWN.contains(&path), &[])?;
    let bare = copy.with_extension("git");
    let from = repository.display().to_string();
    let cloned = git(
        &["clone", "--quiet", "--mirror", &from, &bare.display().to_string()],
        "clone",
    )?;
    if cloned.code != 0 {
        return Err(cloned.failed("git clone"));
    }
    let (plain, output) = (copy.with_extension("plain"), copy.with_extension("messages"));
    let bytes = texts::plain(ctx, &plain)?;
    let messages = texts::messages(ctx, repository, &output)?;
    let (history, mut findings) = scan_source(ctx, "history", &bare, |path| ctx.relative(path))?;
    findings.extend(scan_source(ctx, "tree", &copy, |path| ctx.relative(path))?.1);
    let (scanned, found) = scan_source(ctx, "plain", &plain, |path| texts::path(ctx, path))?;
    let new = |finding: &Finding| !findings.iter().any(|known| is_same(known, finding));
    let found: Vec<Finding> = found.into_iter().filter(new).collect();
    findings.extend(found);
    findings.extend(
        scan_source(ctx, "message", &output, |path| {
            format!("commits/{}", ctx.relative(path))
        })?
        .1,
    );
    let seen = ScanResult {
        findings,
        limits: vec![LIMIT.to_owned()],
        ..ScanResult::default()
    };
    let (commits, with_text) = commits(&log);
    let seen = seen.with_work(
        number_before(&history, " commits scanned").unwrap_or(0),
        "commits",
        with_text,
    );
    let seen = seen.with_work(messages, "messages", commits);
    Ok(seen.with_work(number_before(&scanned, " bytes").unwrap_or(0), "bytes", bytes))
}

/// The files are looked at twice: only by its own name a rule for `*.yml` knows one, only by a plain one none is left out.
fn is_same(known: &Finding, finding: &Finding) -> bool {
    known.aliases.iter().any(|alias| alias.starts_with("tree:"))
        && (&known.rule, &known.location) == (&finding.rule, &finding.location)
}

/// Runs it once. It exits with 0, or 1 for findings; also with 0 where there is no repository, which only standard error
/// tells.
fn scan_source(
    ctx: &ScanContext<'_>,
    source: &str,
    place: &Path,
    path: impl Fn(&str) -> String,
) -> Result<(ToolOutput, Vec<Finding>), ScanError> {
    let settings = ctx.write_file("gitleaks.toml", "[extend]\nuseDefault = true\n")?;
    let name = format!("{source}.sarif");
    let how = match source {
        "history" => vec!["git".to_owned(), format!("--log-opts={}", HISTORY.join(" "))],
        _ => vec!["dir".to_owned()],
    };
    let command = ctx
        .tool("gitleaks")?
        .current_dir(place)
        .args(how)
        .args([
            "--no-banner",
            "--no-color",
            "--redact=100",
            "--ignore-gitleaks-allow",
        ])
        .args(["--config".into(), settings])
        .args(["--gitleaks-ignore-path".into(), ctx.folder.clone()])
        .args(["--report-format=sarif", "--report-path"])
        .args([ctx.folder.join(&name), PathBuf::from(".")]);
    let output = ctx.run(&command, source)?;
    let error = output
        .stderr
        .lines()
        .any(|line| line.contains(" ERR ") || line.contains(" FTL "));
    if error || !matches!(output.code, 0 | 1) {
        return Err(output.failed("it could not look"));
    }
    let mut findings = sarif::findings(&ctx.read_report(&name)?, "gitleaks", path)?;
    if output.code != i32::from(!findings.is_empty()) {
        return Err(output.failed("exit code and report disagree"));
    }
    for finding in &mut findings {
        finding.severity = Severity::High;
        // It names the file that it was given, which outside of history is a copy.
        if let (false, Some(place)) = (source == "history", &finding.location) {
            finding.message = format!("{} has detected secret for file {}.", finding.rule, place.path);
        }
        finding.aliases.push(format!("{source}:{}", finding.rule));
    }
    Ok((output, findings))
}

/// How many commits there are, and how many of them add a line of text: others have nothing to scan. Git tells `HASH`, a
/// merge's once for each of its parents, then `ADDED<tab>REMOVED<tab>PATH` for each file; `-` is a binary one.
fn commits(log: &str) -> (u64, u64) {
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
    before
        .rsplit([' ', '~'])
        .next()
        .and_then(|number| number.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_counts_once_and_one_without_text_has_nothing_to_scan() {
        let log = "aa\n\n3\t0\ta.rs\n1\t1\tb.rs\naa\n\n1\t1\tb.rs\nbb\ncc\n\n-\t-\tx.png\ndd\n\n0\t7\ta.rs\nee\n\n-\t-\tx.png\n1\t0\tc.rs\n";
        assert_eq!(commits(log), (5, 2));
    }

    #[test]
    fn its_own_counts_are_read() {
        let output = ToolOutput {
            code: 1,
            stdout: String::new(),
            stderr: "7:30AM INF 119 commits scanned.\n7:30AM INF scanned ~3552210 bytes (3.55 MB) in 24.7s\n"
                .to_owned(),
        };
        assert_eq!(number_before(&output, " commits scanned"), Some(119));
        assert_eq!(number_before(&output, " bytes"), Some(3_552_210));
        assert_eq!(number_before(&output, " files"), None);
    }
}
