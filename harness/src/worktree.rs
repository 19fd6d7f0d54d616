//! The working tree as git sees it: files that are tracked, or new and not ignored, and the commit.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::checksum;
use crate::context::Context;
use crate::process::command::Command;

/// Tracked files, and new ones that are not ignored: paths below the root, sorted, planted defects included.
pub fn listed(context: &Context) -> Result<Vec<String>> {
    let root = &context.settings.root;
    let listed = git(
        context,
        &["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    )?;
    let mut paths = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        ensure!(
            !path.contains(char::REPLACEMENT_CHARACTER),
            "{path:?}: the name is not UTF-8: rename it"
        );
        match fs::symlink_metadata(root.join(path)) {
            Ok(meta) if meta.is_file() => paths.push(path.to_owned()),
            Ok(_) => bail!(
                "{path:?}: not a regular file, which scanners treat differently: replace it by the file itself"
            ),
            // Deleted but not committed.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {path:?}")),
        }
    }
    paths.sort_unstable();
    paths.dedup();
    Ok(paths)
}

/// The commit of the working tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Empty before the first commit.
    pub commit: String,
    /// Differences from the commit, one line each, including files that git was configured to leave out of its status.
    pub changed: Vec<String>,
}

/// The revision of the working tree.
pub fn revision(context: &Context) -> Result<Revision> {
    let head = Command::new(context, "git").args(["rev-parse", "--verify", "--quiet", "HEAD"]);
    let status = [
        "-c",
        "core.fsmonitor=false",
        "status",
        "--porcelain",
        "--untracked-files=all",
        "--ignore-submodules=none",
    ];
    let mut changed: Vec<String> = git(context, &status)?.lines().map(str::to_owned).collect();
    // git lists `assume-unchanged` in lower case and `skip-worktree` as S.
    let marks = git(context, &["ls-files", "-v"])?;
    let hidden = marks
        .lines()
        .filter(|line| line.starts_with(|mark: char| mark.is_ascii_lowercase() || mark == 'S'));
    changed.extend(hidden.map(|line| format!("hidden from git's status: {}", &line[2..])));
    Ok(Revision {
        commit: head.capture()?.stdout.trim_end().to_owned(),
        changed,
    })
}

fn git(context: &Context, args: &[&str]) -> Result<String> {
    let command = Command::new(context, "git").args(args);
    command.output().context("this needs git and a checkout")
}

/// A hexadecimal digest of all paths and contents.
pub fn digest(context: &Context) -> Result<String> {
    let mut digest = Sha256::new();
    for path in listed(context)? {
        let bytes =
            fs::read(context.settings.root.join(&path)).with_context(|| format!("cannot read {path}"))?;
        digest.update(path.as_bytes());
        digest.update([0]);
        digest.update(Sha256::digest(bytes));
    }
    Ok(checksum::hex(&digest.finalize()))
}
