//! A copy of the tree as git lists it: tracked files, and new files that are not ignored. Scanners read the copy, which has
//! no build output, no cache and no canary, so none of them needs a list of exclusions.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use harness::context::Context;
use harness::worktree;
use sha2::{Digest, Sha256};

/// A copy of the tree, removed with this value.
#[derive(Debug)]
pub struct Snapshot {
    folder: PathBuf,
    canaries: String,
    files: Vec<Copied>,
}

#[derive(Debug, Clone)]
pub struct Copied {
    /// Relative to the root, with `/`.
    pub path: String,
    /// SHA-256.
    pub digest: [u8; 32],
}

/// Creates a private folder for one run. An existing folder, of a killed run or of another user, is never used.
pub fn scratch() -> Result<PathBuf> {
    let name = |number: u32| format!("xtask-gate-{}-{number}", std::process::id());
    for number in 0..100 {
        let folder = std::env::temp_dir().join(name(number));
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot create {}", folder.display())),
        }
    }
    bail!("{} is taken", std::env::temp_dir().join(name(0)).display())
}

impl Snapshot {
    /// Copies the tree to a folder outside the repository: some tools skip files that a repository ignores.
    pub fn take(context: &Context, canaries: &str, folder: &Path) -> Result<Snapshot> {
        let root = &context.settings.root;
        let paths = worktree::listed(context)?;
        let tree = folder.join("tree");
        fs::create_dir_all(&tree).with_context(|| format!("cannot create {}", tree.display()))?;
        let mut files = Vec::new();
        for path in &paths {
            let meta = fs::metadata(root.join(path))?;
            let bytes = fs::read(root.join(path)).with_context(|| format!("cannot read {path}"))?;
            if !path.starts_with(canaries) {
                let to = tree.join(path);
                let parent = to.parent().context("a file has a folder")?;
                fs::create_dir_all(parent)?;
                fs::write(&to, &bytes).with_context(|| format!("cannot write {}", to.display()))?;
                fs::set_permissions(&to, meta.permissions())?;
            }
            files.push(Copied {
                path: path.clone(),
                digest: Sha256::digest(&bytes).into(),
            });
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
        let paths = self.files.iter().map(|file| file.path.as_str());
        paths.filter(|path| !path.starts_with(&self.canaries))
    }

    /// Files that have been changed, deleted or created since. Some gates build and test the tree itself.
    pub fn changed(&self, context: &Context) -> Result<Vec<String>> {
        let root = &context.settings.root;
        let files = self.files.iter();
        let before: BTreeMap<&str, [u8; 32]> = files.map(|file| (file.path.as_str(), file.digest)).collect();
        let now = worktree::listed(context)?;
        let mut changed = Vec::new();
        for path in &now {
            let digest: [u8; 32] = Sha256::digest(fs::read(root.join(path))?).into();
            if before.get(path.as_str()) != Some(&digest) {
                changed.push(path.clone());
            }
        }
        let gone = before
            .into_keys()
            .filter(|path| !now.iter().any(|now| now == path));
        changed.extend(gone.map(str::to_owned));
        Ok(changed)
    }

    /// One digest over the selected files, canaries included.
    pub fn digest(&self, is_input: impl Fn(&str) -> bool) -> [u8; 32] {
        let mut digest = Sha256::new();
        for file in self.files.iter().filter(|file| is_input(&file.path)) {
            digest.update(file.path.as_bytes());
            digest.update([0]);
            digest.update(file.digest);
        }
        digest.finalize().into()
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.folder);
    }
}
