//! The record of an installation, stored in the tool's folder: the digest of every file, to detect later changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use harness::checksum;
use serde::{Deserialize, Serialize};

use super::tool::Tool;

/// Its name in the tool's folder.
const FILE: &str = "installed.json";

/// One installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The tool's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The package's checksum, as in the table when it was installed.
    pub checksum: String,
    /// Each file below the folder with its SHA-256, each symbolic link with `-> ` and its target.
    pub files: BTreeMap<String, String>,
}

impl Record {
    /// The current content of a folder.
    pub fn of(folder: &Path, tool: &Tool) -> Result<Record> {
        Ok(Record {
            name: tool.name.clone(),
            version: tool.version.clone(),
            checksum: tool.install.checksum().unwrap_or_default().to_owned(),
            files: files(folder)?,
        })
    }

    /// The stored record; `None` if the installation was not completed.
    pub fn read(folder: &Path, tool: &Tool) -> Option<Record> {
        let record: Record = serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()?;
        let same = record.name == tool.name
            && record.version == tool.version
            && Some(record.checksum.as_str()) == tool.install.checksum();
        same.then_some(record)
    }

    /// Writes the record.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let file = folder.join(FILE);
        fs::write(&file, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// Differences from the installation, one line each.
    pub fn differences(&self, folder: &Path) -> Result<Vec<String>> {
        let now = files(folder)?;
        let changed = self.files.iter().filter_map(|(path, kept)| match now.get(path) {
            None => Some(format!("{path} is gone")),
            Some(found) if found != kept => Some(format!("{path} is {found}, not {kept}")),
            Some(_) => None,
        });
        let new = now.keys().filter(|path| !self.files.contains_key(*path));
        Ok(changed.chain(new.map(|path| format!("{path} is new"))).collect())
    }
}

fn files(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let entries = fs::read_dir(&next).with_context(|| format!("cannot read {}", next.display()))?;
        for entry in entries {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let name = path.strip_prefix(folder)?.display().to_string();
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_symlink() {
                found.insert(name, format!("-> {}", fs::read_link(&path)?.display()));
            } else if name != FILE {
                found.insert(name, checksum::of_file(&path)?);
            }
        }
    }
    Ok(found)
}
