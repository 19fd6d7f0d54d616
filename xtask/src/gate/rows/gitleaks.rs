//! Gate `gitleaks`: no secret in any file, nor in any commit that ever was.

use std::path::{Path, PathBuf};

use super::super::finding::{Finding, Severity};
use super::super::job::{Job, Said};
use super::super::machine::Takes;
use super::super::planted_secrets;
use super::super::profile::Profile;
use super::super::row::{Gate, Planted, minutes, whole_tree};
use super::super::sarif;
use super::super::seen::{Look, Seen, Trouble};
use super::super::shared::Shared;
use crate::run::Call;

/// The row.
pub const GATE: Gate = Gate {
    id: "gitleaks",
    title: "No secret in the tree or in its history",
    tools: &["gitleaks"],
    after: &[],
    takes: Takes::Little,
    limit: minutes(15),
    needed: Profile::Pipeline,
    inputs: whole_tree,
    data: refs,
    look,
    planted: Some(Planted {
        folder: "gitleaks",
        prepare,
        expects: &[
            "history:aws-access-token",
            "history:generic-api-key",
            "history:private-key",
            "tree:aws-access-token",
            "tree:generic-api-key",
            "tree:private-key",
        ],
    }),
};

/// Its own files of settings, which would beside the scanned files be read whatever its arguments say.
const OWN: [&str; 2] = [".gitleaks.toml", ".gitleaksignore"];

/// Where every branch and tag is: history matters beside files.
fn refs(shared: &Shared<'_>) -> Option<String> {
    let call = Call::new(shared.context, "git").args(["for-each-ref"]);
    call.capture().ok().map(|said| said.stdout)
}

/// A repository in which secrets were committed, and deleted by a later commit; its tree has them as new files, so that
/// each of both looks has to find them by itself.
fn prepare(job: &Job<'_>) -> Result<(), Trouble> {
    planted_secrets::plant(job)?;
    let git = |args: &[&str]| {
        let author = ["-c", "user.name=planted", "-c", "user.email=planted@example.org"];
        let call = Call::new(job.context(), "git").within(&job.subject);
        let said = job.run(&call.args(author).args(args), "prepare")?;
        match said.code {
            0 => Ok(()),
            _ => Err(said.broke(&format!("git {}", args.join(" ")))),
        }
    };
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message=planted"])?;
    for (name, _) in planted_secrets::files() {
        git(&["rm", "--quiet", "--cached", name])?;
    }
    git(&["commit", "--quiet", "--message=removed"])
}

/// The history from a bare clone and the files from a copy: neither has settings of the tree. A planted defect brings a
/// repository of its own.
fn look(job: &Job<'_>) -> Look {
    let own = job.subject.join(".git").is_dir();
    let repository = if own {
        &job.subject
    } else {
        &job.context().settings.root
    };
    let git = |args: &[&str], name: &str| {
        let call = Call::new(job.context(), "git").within(repository);
        job.run(&call.args(args), name)
    };
    if git(&["rev-parse", "--is-shallow-repository"], "git")?
        .stdout
        .trim()
        != "false"
    {
        return Err(Trouble::NoData(
            "the clone is shallow, its history is elsewhere: `git fetch --unshallow`".to_owned(),
        ));
    }
    let log = ["log", "--all", "--full-history", "--format=%H", "--numstat"];
    let commits = with_text(&git(&log, "log")?.stdout);
    let copy = job.copy(|path| !OWN.contains(&path), &[])?;
    let bare = copy.with_extension("git");
    let from = repository.display().to_string();
    let cloned = git(
        &["clone", "--quiet", "--mirror", &from, &bare.display().to_string()],
        "clone",
    )?;
    if cloned.code != 0 {
        return Err(cloned.broke("git clone"));
    }
    let (history, found) = scan(job, "git", &bare)?;
    let (tree, also_found) = scan(job, "dir", &copy)?;
    let seen = Seen {
        findings: found.into_iter().chain(also_found).collect(),
        ..Seen::default()
    };
    let seen = seen.looked_at(
        number_before(&history, " commits scanned").unwrap_or(0),
        "commits",
        commits,
    );
    let bytes = number_before(&tree, " bytes").unwrap_or(0);
    Ok(seen.looked_at(bytes, "bytes", size(job, &copy) / 2))
}

/// Runs it once. It exits with 0, or 1 for findings; also with 0 where there is no repository, which only standard error
/// tells.
fn scan(job: &Job<'_>, what: &str, place: &Path) -> Result<(Said, Vec<Finding>), Trouble> {
    let settings = job.keep("gitleaks.toml", "[extend]\nuseDefault = true\n")?;
    let name = format!("{what}.sarif");
    let call = job
        .tool("gitleaks")?
        .within(place)
        .args([
            what,
            "--no-banner",
            "--no-color",
            "--redact=100",
            "--ignore-gitleaks-allow",
        ])
        .args(["--config".into(), settings])
        .args(["--gitleaks-ignore-path".into(), job.folder.clone()])
        .args(["--report-format=sarif", "--report-path"])
        .args([job.folder.join(&name), PathBuf::from(".")]);
    let said = job.run(&call, what)?;
    let error = said
        .stderr
        .lines()
        .any(|line| line.contains(" ERR ") || line.contains(" FTL "));
    if error || !matches!(said.code, 0 | 1) {
        return Err(said.broke("it could not look"));
    }
    let mut findings = sarif::findings(&job.report(&name)?, "gitleaks", |path| job.relative(path))?;
    if said.code != i32::from(!findings.is_empty()) {
        return Err(said.broke("exit code and report disagree"));
    }
    let look = if what == "git" { "history" } else { "tree" };
    for finding in &mut findings {
        finding.severity = Severity::High;
        finding.aliases.push(format!("{look}:{}", finding.rule));
    }
    Ok((said, findings))
}

/// Commits that add a line of text: others have nothing to scan. Git tells `HASH`, then `ADDED<tab>REMOVED<tab>PATH` for
/// each file; `-` is a binary one.
fn with_text(log: &str) -> u64 {
    let mut commits = 0;
    let mut counted = true;
    for line in log.lines().filter(|line| !line.is_empty()) {
        match line.split_once('\t') {
            None => counted = false,
            Some(("0" | "-", _)) => {}
            Some(_) if counted => {}
            Some(_) => {
                counted = true;
                commits += 1;
            }
        }
    }
    commits
}

/// `119` of `7:30AM INF 119 commits scanned.`, `981` of `scanned ~981 bytes (981 bytes)`.
fn number_before(said: &Said, what: &str) -> Option<u64> {
    let (before, _) = said.stderr.lines().find_map(|line| line.split_once(what))?;
    before
        .rsplit([' ', '~'])
        .next()
        .and_then(|number| number.parse().ok())
}

fn size(job: &Job<'_>, copy: &Path) -> u64 {
    let sizes = job
        .files
        .iter()
        .filter_map(|file| copy.join(file).metadata().ok());
    sizes.map(|meta| meta.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_without_text_are_not_counted() {
        let log = "aa\n\n3\t0\ta.rs\n1\t1\tb.rs\nbb\ncc\n\n-\t-\tx.png\ndd\n\n0\t7\ta.rs\nee\n\n-\t-\tx.png\n1\t0\tc.rs\n";
        assert_eq!(with_text(log), 2);
    }

    #[test]
    fn its_own_counts_are_read() {
        let said = Said {
            code: 1,
            stdout: String::new(),
            stderr: "7:30AM INF 119 commits scanned.\n7:30AM INF scanned ~3552210 bytes (3.55 MB) in 24.7s\n"
                .to_owned(),
        };
        assert_eq!(number_before(&said, " commits scanned"), Some(119));
        assert_eq!(number_before(&said, " bytes"), Some(3_552_210));
        assert_eq!(number_before(&said, " files"), None);
    }
}
