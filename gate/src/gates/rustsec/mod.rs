//! RustSec's advisory database (given, fetched, or cached by an earlier run) and cargo-audit, which reads it.

pub mod advisories;
pub mod report;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::process::command::Command;
use walkdir::WalkDir;

use crate::gates::rustsec::advisories::Advisories;
use crate::gates::rustsec::report::Report;
use crate::run_state::RunState;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{Database, ScanError, ScanOutcome};

pub const SCANNER: &str = "cargo-audit";

/// What cargo-audit must find in a planted crate that depends on `time` 0.1.44.
pub const EXPECTS: &[&str] = &["RUSTSEC-2020-0071", "CVE-2020-26235"];

/// A database with fewer entries is broken: there were 1,225 in 2026.
pub const MIN_ADVISORIES: u64 = 1000;

const URL: &str = "https://github.com/RustSec/advisory-db";

/// The name that cargo-deny gives to a clone of the URL: its last segment and a hash of the whole.
const FOLDER: &str = "advisory-db-3157b0e258782691";

const GIT_TIMEOUT: Duration = Duration::from_secs(300);

/// The database, cloned once per run.
pub fn get<'s>(run_state: &'s RunState<'_>) -> Result<&'s Advisories, ScanError> {
    let advisories = run_state.advisories.get_or_init(|| clone(run_state));
    advisories.as_ref().map_err(Clone::clone)
}

/// The revision, on which cached verdicts depend.
pub fn revision(run_state: &RunState<'_>) -> Option<String> {
    Some(get(run_state).ok()?.database.revision.clone())
}

/// Runs cargo-audit on a lock file or a program. It exits with 1 for a vulnerability, and also, without JSON, for a database
/// that it cannot read.
pub fn audit(ctx: &ScanContext<'_>, subject: [OsString; 2]) -> Result<ToolOutput, ScanError> {
    let scanner = ctx.tool(SCANNER)?;
    let database = get(ctx.run_state)?.clone.clone();
    let command = scanner
        // No `.cargo/audit.toml` with ignored advisories is in this folder.
        .current_dir(&ctx.folder)
        .args(["audit", "--no-fetch", "--format=json"])
        .args(["--db".into(), database])
        .args(subject);
    ctx.run(&command, SCANNER)
}

/// The result of [`audit`]: `min` of these packages are expected.
pub fn read(ctx: &ScanContext<'_>, output: &ToolOutput, of: &str, min: u64) -> ScanOutcome {
    let report: Report = output.json()?;
    let (advisories, packages) = (report.advisories(), report.packages());
    let findings = report.findings(SCANNER).map_err(|why| output.failed(&why))?;
    Ok(get(ctx.run_state)?
        .result(findings, ctx.run_state.began)
        .with_work(packages, of, min)
        .with_work(advisories, "advisories", MIN_ADVISORIES))
}

fn clone(run_state: &RunState<'_>) -> Result<Advisories, ScanError> {
    let (source, limits) = match &run_state.options.advisory_db {
        Some(given) => (given.clone(), Vec::new()),
        None => fetch(run_state)?,
    };
    let parent = run_state.scratch.join("advisory-dbs");
    let clone = parent.join(FOLDER);
    fs::create_dir_all(&parent)?;
    git(
        run_state,
        None,
        &["clone", "--quiet", text(&source)?, text(&clone)?],
    )?
    .map_err(|why| unavailable(&format!("no advisory database in {}", source.display()), &why))?;
    let log = git(run_state, Some(&clone), &["log", "-1", "--format=%H %cI"])?
        .map_err(|why| unavailable("the advisory database has no commit", &why))?;
    let (revision, date) = log.trim().split_once(' ').unwrap_or_default();
    let database = Database {
        name: "RustSec advisory-db".to_owned(),
        date: date.to_owned(),
        revision: revision.to_owned(),
        entries: count(&clone.join("crates"))? + count(&clone.join("rust"))?,
    };
    Ok(Advisories {
        clone,
        parent,
        database,
        limits,
    })
}

/// The updated clone in the cache, and why it could not be updated.
fn fetch(run_state: &RunState<'_>) -> Result<(PathBuf, Vec<String>), ScanError> {
    let none = |why: &str| unavailable("no advisory database", &format!("{why}; see --advisory-db"));
    let cache = run_state.context.settings.cache.as_ref();
    let folder = cache.ok_or_else(|| none("no cache"))?.join("advisory-db");
    let exists = folder.join(".git").is_dir();
    let result = if run_state.options.offline {
        Err("--offline".to_owned())
    } else if exists {
        let fetch = ["fetch", "--quiet", "--depth=1", "origin", "HEAD"];
        let reset = ["reset", "--quiet", "--hard", "FETCH_HEAD"];
        match git(run_state, Some(&folder), &fetch)? {
            Ok(_) => git(run_state, Some(&folder), &reset)?,
            error => error,
        }
    } else {
        let _incomplete = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.parent().unwrap_or(Path::new("/")))?;
        git(
            run_state,
            None,
            &["clone", "--quiet", "--depth=1", URL, text(&folder)?],
        )?
    };
    match result {
        Ok(_) => Ok((folder, Vec::new())),
        Err(why) if exists => Ok((
            folder,
            vec![format!("the advisory database was not updated: {why}")],
        )),
        Err(why) => Err(none(&why)),
    }
}

fn unavailable(what: &str, why: &str) -> ScanError {
    ScanError::DataUnavailable(format!("{what}: {why}"))
}

/// The inner result is git's own: its output, or its last line on failure.
fn git(
    run_state: &RunState<'_>,
    folder: Option<&Path>,
    args: &[&str],
) -> Result<Result<String, String>, ScanError> {
    let command = Command::new(run_state.context, "git")
        .args(args)
        .current_dir(folder.unwrap_or(&run_state.scratch))
        .envs([("GIT_TERMINAL_PROMPT", "0")]);
    let ended = command.output_with_timeout(GIT_TIMEOUT)?;
    if ended.status.is_some_and(|status| status.success()) {
        return Ok(Ok(ended.stdout));
    }
    let last = ended.stderr.trim_end().lines().next_back().unwrap_or("no answer");
    Ok(Err(last.chars().take(200).collect()))
}

fn text(path: &Path) -> Result<&str, ScanError> {
    path.to_str()
        .ok_or_else(|| ScanError::DataUnavailable(format!("{} is not UTF-8", path.display())))
}

/// Advisories are the files `crates/NAME/RUSTSEC-….md`, and for Rust itself `rust/NAME/CVE-….md`.
fn count(packages: &Path) -> Result<u64, ScanError> {
    let mut count = 0;
    for entry in WalkDir::new(packages).min_depth(2).max_depth(2) {
        let entry =
            entry.map_err(|error| unavailable("an incomplete advisory database", &error.to_string()))?;
        let extension = entry.path().extension();
        count += u64::from(extension.is_some_and(|extension| extension == "md"));
    }
    Ok(count)
}
