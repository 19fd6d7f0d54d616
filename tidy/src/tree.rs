//! The repository's text files, read once, without those in `.gitignore` and without the gate's planted defects.

use std::{collections::BTreeMap, fs, io, path::Path};

use anyhow::Context as _;

/// The gate's planted defects, which violate rules on purpose.
pub const CANARIES: &str = "gate/canaries/";

/// Paths from the root, with `/`, and their texts.
#[derive(Debug, Default)]
pub(super) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads all files below `root`.
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let ignored = ignored(root);
        let mut tree = Self::default();
        tree.read_folder(root, "", &ignored)
            .with_context(|| format!("cannot read {}", root.display()))?;
        Ok(tree)
    }

    /// A tree in memory.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self {
            files: files.iter().map(own).collect(),
        }
    }

    /// All files, by path.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// All Rust files, by path.
    pub(super) fn rust_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| path.ends_with(".rs"))
    }

    /// The lines of all files with such a path, with their numbers from 1.
    pub(super) fn lines(&self, is_wanted: fn(&str) -> bool) -> impl Iterator<Item = (&str, usize, &str)> {
        let files = self.files().filter(move |(path, _)| is_wanted(path));
        files.flat_map(|(path, text)| {
            (1..)
                .zip(text.lines())
                .map(move |(number, line)| (path, number, line))
        })
    }

    /// The text of one file.
    pub(super) fn find(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The folders of the workspace's crates.
    pub(super) fn crates(&self) -> Vec<&str> {
        let manifest = self.find("Cargo.toml").unwrap_or_default();
        let members = manifest.split_once("\nmembers").map_or("", |(_, rest)| rest);
        let list = members
            .split_once('[')
            .and_then(|(_, rest)| rest.split_once(']'))
            .map_or("", |(list, _)| list);
        list.split('"').skip(1).step_by(2).collect()
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str, ignored: &[String]) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if ignored.contains(&path) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.read_folder(&entry.path(), &format!("{path}/"), ignored)?;
            } else if kind.is_file()
                && let Ok(text) = fs::read_to_string(entry.path())
            {
                self.files.insert(path, text);
            }
        }
        Ok(())
    }
}

/// The last name in a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The rooted entries of `.gitignore` (this repository uses no others) and git's own folder.
fn ignored(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    let rooted = text.lines().filter_map(|line| line.trim().strip_prefix('/'));
    rooted
        .map(|path| path.trim_end_matches('/').to_owned())
        .chain([".git".to_owned(), CANARIES.trim_end_matches('/').to_owned()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Tree;

    #[test]
    fn finds_the_crates_in_the_manifest() {
        let tree = Tree::of(&[(
            "Cargo.toml",
            "[workspace]\nmembers = [\n  \"one\", \"two\",\n]\nx = [\"y\"]\n",
        )]);
        assert_eq!(tree.crates(), ["one", "two"]);
    }
}
