//! A copy of the tree as git lists it: tracked files, and new files that are not ignored. Scanners read the copy, which has
//! no build output, no cache and no canary, so none of them needs a list of exclusions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::worktree;
use sha2::{Digest, Sha256};

/// A copy of the tree, removed with this value.
#[derive(Debug)]
pub struct Snapshot {
    folder: PathBuf,
    canaries: String,
    /// SHA-256 by path, relative to the root and with `/`.
    files: BTreeMap<String, [u8; 32]>,
}

impl Snapshot {
    /// Copies the tree to a folder outside the repository: some tools skip files that a repository ignores.
    pub fn take(context: &Context, canaries: &str, folder: &Path) -> Result<Snapshot> {
        let root = &context.settings.root;
        let tree = folder.join("tree");
        fs::create_dir_all(&tree).with_context(|| format!("cannot create {}", tree.display()))?;
        let mut files = BTreeMap::new();
        for path in worktree::listed(context)? {
            let meta = fs::metadata(root.join(&path))?;
            let bytes = fs::read(root.join(&path)).with_context(|| format!("cannot read {path}"))?;
            if !path.starts_with(canaries) {
                let to = tree.join(&path);
                let parent = to.parent().context("a file has a folder")?;
                fs::create_dir_all(parent)?;
                fs::write(&to, &bytes).with_context(|| format!("cannot write {}", to.display()))?;
                fs::set_permissions(&to, meta.permissions())?;
            }
            files.insert(path, Sha256::digest(&bytes).into());
        }
        Ok(Snapshot {
            folder: folder.to_owned(),
            canaries: canaries.to_owned(),
            files,
        })
    }

    pub fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    /// Sorted, without canaries.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let paths = self.files.keys().map(String::as_str);
        paths.filter(|path| !path.starts_with(&self.canaries))
    }

    /// Files that have been changed, deleted or created since. Some gates build and test the tree itself.
    pub fn changed(&self, context: &Context) -> Result<Vec<String>> {
        let root = &context.settings.root;
        let mut deleted: BTreeSet<&String> = self.files.keys().collect();
        let mut changed = Vec::new();
        for path in worktree::listed(context)? {
            deleted.remove(&path);
            let digest: [u8; 32] = Sha256::digest(fs::read(root.join(&path))?).into();
            if self.files.get(&path) != Some(&digest) {
                changed.push(path);
            }
        }
        changed.extend(deleted.into_iter().cloned());
        Ok(changed)
    }

    /// One digest over the selected files, canaries included.
    pub fn digest(&self, is_input: impl Fn(&str) -> bool) -> [u8; 32] {
        let mut digest = Sha256::new();
        for (path, of_file) in self.files.iter().filter(|(path, _)| is_input(path)) {
            digest.update(path);
            digest.update([0]);
            digest.update(of_file);
        }
        digest.finalize().into()
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.folder);
    }
}
