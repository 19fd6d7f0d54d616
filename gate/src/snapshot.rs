//! The tree as git sees it, copied aside: what is tracked, and what is new and not ignored. Scanners look at the copy, so
//! that no build, no cache and no planted defect is taken for ours, and none needs a list of what to leave out.

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

/// One file of it.
#[derive(Debug, Clone)]
pub struct Copied {
    /// Its path below the root, with `/`.
    pub path: String,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
}

/// A new folder for one run, for nobody else: what a killed run or a stranger left under its name is never used.
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
    /// Copies the tree into a new folder, outside of the repository: some tools leave out whatever a repository ignores.
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

    /// Where the copy is.
    pub fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    /// The copied files' paths, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let paths = self.files.iter().map(|file| file.path.as_str());
        paths.filter(|path| !path.starts_with(&self.canaries))
    }

    /// Which files are no longer as they were copied: changed, gone or new. Some gates build and test the tree itself.
    pub fn moved(&self, context: &Context) -> Result<Vec<String>> {
        let root = &context.settings.root;
        let before: BTreeMap<&str, [u8; 32]> = self
            .files
            .iter()
            .map(|file| (file.path.as_str(), file.digest))
            .collect();
        let now = worktree::listed(context)?;
        let mut moved = Vec::new();
        for path in &now {
            let digest: [u8; 32] = Sha256::digest(fs::read(root.join(path))?).into();
            if before.get(path.as_str()) != Some(&digest) {
                moved.push(path.clone());
            }
        }
        let gone = before
            .into_keys()
            .filter(|path| !now.iter().any(|now| now == path));
        moved.extend(gone.map(str::to_owned));
        Ok(moved)
    }

    /// One digest of those files that matter, planted defects included.
    pub fn digest(&self, matters: impl Fn(&str) -> bool) -> [u8; 32] {
        let mut digest = Sha256::new();
        for file in self.files.iter().filter(|file| matters(&file.path)) {
            digest.update(file.path.as_bytes());
            digest.update([0]);
            digest.update(file.digest);
        }
        digest.finalize().into()
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let _left_for_the_system = fs::remove_dir_all(&self.folder);
    }
}
