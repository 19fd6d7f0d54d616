//! Brings RustSec's advisory database: given, fetched, or kept from an earlier fetch; judges nothing.

pub mod advisories;
pub mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::process::command::Command;

use crate::gates::rustsec::advisories::Advisories;
use crate::scan_result::{Database, ScanError};
use crate::shared::Shared;

const URL: &str = "https://github.com/RustSec/advisory-db";

/// The name that cargo-deny gives to a clone of that URL: its last segment and a hash of the whole.
const FOLDER: &str = "advisory-db-3157b0e258782691";

const PATIENCE: Duration = Duration::from_secs(300);

/// The database, cloned once a run: where it was given, else fetched into the cache.
pub fn get<'s>(shared: &'s Shared<'_>) -> Result<&'s Advisories, ScanError> {
    let once = shared.advisories.get_or_init(|| cloned(shared));
    once.as_ref().map_err(Clone::clone)
}

/// The revision, for verdicts that are taken over.
pub fn revision(shared: &Shared<'_>) -> Option<String> {
    Some(get(shared).ok()?.database.revision.clone())
}

fn cloned(shared: &Shared<'_>) -> Result<Advisories, ScanError> {
    let (source, limits) = match &shared.options.advisory_db {
        Some(given) => (given.clone(), Vec::new()),
        None => fetched(shared)?,
    };
    let above = shared.scratch.join("advisory-dbs");
    let clone = above.join(FOLDER);
    fs::create_dir_all(&above)?;
    git(shared, None, &["clone", "--quiet", text(&source)?, text(&clone)?])
        .map_err(|why| why.about(&format!("no advisory database in {}", source.display())))?;
    let log = git(shared, Some(&clone), &["log", "-1", "--format=%H %cI"])
        .map_err(|why| why.about("the advisory database has no commit"))?;
    let (revision, date) = log.trim().split_once(' ').unwrap_or_default();
    let database = Database {
        name: "RustSec advisory-db".to_owned(),
        date: date.to_owned(),
        revision: revision.to_owned(),
        entries: count(&clone.join("crates"))? + count(&clone.join("rust"))?,
    };
    Ok(Advisories {
        clone,
        above,
        database,
        limits,
    })
}

/// The clone in the cache, brought up to date.
fn fetched(shared: &Shared<'_>) -> Result<(PathBuf, Vec<String>), ScanError> {
    let none =
        |why: &str| ScanError::DataUnavailable(format!("no advisory database: {why}; see --advisory-db"));
    let cache = shared.context.settings.cache.as_ref();
    let folder = cache.ok_or_else(|| none("no cache"))?.join("advisory-db");
    let there = folder.join(".git").is_dir();
    if shared.options.offline {
        let limit = "the advisory database was not brought up to date: --offline".to_owned();
        return match there {
            true => Ok((folder, vec![limit])),
            false => Err(none("it may not be fetched (--offline)")),
        };
    }
    if !there {
        let _half = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.parent().unwrap_or(Path::new("/")))?;
        let clone = ["clone", "--quiet", "--depth=1", URL, text(&folder)?];
        return match git(shared, None, &clone) {
            Ok(_) => Ok((folder, Vec::new())),
            Err(Failed::ScanError(error)) => Err(error),
            Err(Failed::ToolOutput(why)) => Err(none(&why)),
        };
    }
    let fetch = ["fetch", "--quiet", "--depth=1", "origin", "HEAD"];
    let done = git(shared, Some(&folder), &fetch).and_then(|_| {
        git(
            shared,
            Some(&folder),
            &["reset", "--quiet", "--hard", "FETCH_HEAD"],
        )
    });
    match done {
        Ok(_) => Ok((folder, Vec::new())),
        Err(Failed::ScanError(error)) => Err(error),
        Err(Failed::ToolOutput(why)) => {
            let limit = format!("the advisory database was not brought up to date: {why}");
            Ok((folder, vec![limit]))
        }
    }
}

enum Failed {
    ScanError(ScanError),
    ToolOutput(String),
}

impl Failed {
    fn about(self, what: &str) -> ScanError {
        match self {
            Failed::ScanError(error) => error,
            Failed::ToolOutput(why) => ScanError::DataUnavailable(format!("{what}: {why}")),
        }
    }
}

impl From<ScanError> for Failed {
    fn from(error: ScanError) -> Failed {
        Failed::ScanError(error)
    }
}

fn git(shared: &Shared<'_>, within: Option<&Path>, args: &[&str]) -> Result<String, Failed> {
    let command = Command::new(shared.context, "git")
        .args(args)
        .current_dir(within.unwrap_or(&shared.scratch))
        .envs([("GIT_TERMINAL_PROMPT", "0")]);
    let ended = command.bounded(PATIENCE).map_err(ScanError::from)?;
    if ended.status.is_some_and(|status| status.success()) {
        return Ok(ended.stdout);
    }
    let last = ended.stderr.trim_end().lines().next_back().unwrap_or("no answer");
    Err(Failed::ToolOutput(last.chars().take(200).collect()))
}

fn text(path: &Path) -> Result<&str, ScanError> {
    path.to_str()
        .ok_or_else(|| ScanError::DataUnavailable(format!("{} is not UTF-8", path.display())))
}

/// Advisories are files `crates/NAME/RUSTSEC-….md`, and of Rust itself `rust/NAME/CVE-….md`.
fn count(packages: &Path) -> Result<u64, ScanError> {
    let mut count = 0;
    let none = |_| ScanError::DataUnavailable(format!("the advisory database has no {}", packages.display()));
    for package in fs::read_dir(packages).map_err(none)? {
        let package = package?.path();
        if package.is_dir() {
            for file in fs::read_dir(package)? {
                count += u64::from(file?.path().extension().is_some_and(|ending| ending == "md"));
            }
        }
    }
    Ok(count)
}
