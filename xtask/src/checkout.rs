//! The tree as git sees it: what is tracked, and what is new and not ignored; copies nothing.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::run::Call;

/// What git tracks, and what is new and not ignored: paths below the root, sorted, planted defects among them.
///
/// # Errors
/// When git does not answer.
pub fn listed(context: &Context) -> Result<Vec<String>> {
    let root = &context.settings.root;
    let listed = Call::new(context, "git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .capture()
        .context("this needs git and a checkout")?;
    ensure!(listed.status.success(), "git ls-files: {}", listed.stderr.trim());
    let paths = listed.stdout.split('\0').filter(|path| !path.is_empty());
    // What is deleted and not committed yet is still listed; a symbolic link could lead anywhere.
    let is_file = |path: &&str| fs::symlink_metadata(root.join(path)).is_ok_and(|meta| meta.is_file());
    let mut paths: Vec<String> = paths.filter(is_file).map(str::to_owned).collect();
    paths.sort_unstable();
    paths.dedup();
    Ok(paths)
}

/// One digest of all paths and bytes, hexadecimal: two trees with the same are the same.
///
/// # Errors
/// When git does not answer, or a file cannot be read.
pub fn digest(context: &Context) -> Result<String> {
    let mut digest = Sha256::new();
    for path in listed(context)? {
        let bytes =
            fs::read(context.settings.root.join(&path)).with_context(|| format!("cannot read {path}"))?;
        digest.update(path.as_bytes());
        digest.update([0]);
        digest.update(Sha256::digest(bytes));
    }
    Ok(digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
