//! The record of an installation: the checksum of every installed file, to detect later changes in the cache.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use harness::checksum;
use serde::{Deserialize, Serialize};

use crate::tool::Tool;

/// The record's file in the tool's folder.
const FILE: &str = "installed.json";

/// One installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The tool's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The package's pinned checksum at the time of installation.
    pub checksum: String,
    /// Path to SHA-256 of each file, or `-> TARGET` of each symbolic link.
    pub files: BTreeMap<String, String>,
}

impl Record {
    /// Describes what is in this folder now.
    pub fn of(folder: &Path, tool: &Tool) -> Result<Record> {
        Ok(Record {
            name: tool.name.clone(),
            version: tool.version.clone(),
            checksum: pinned(tool).unwrap_or_default().to_owned(),
            files: files(folder)?,
        })
    }

    /// Reads the record; `None` if the installation is incomplete or the table pins another package now.
    pub fn read(folder: &Path, tool: &Tool) -> Option<Record> {
        let record: Record = serde_json::from_slice(&fs::read(folder.join(FILE)).ok()?).ok()?;
        let same = record.name == tool.name
            && record.version == tool.version
            && Some(record.checksum.as_str()) == pinned(tool);
        same.then_some(record)
    }

    /// Writes the record.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let file = folder.join(FILE);
        fs::write(&file, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// Differences between the record and the folder, one line each.
    pub fn differences(&self, folder: &Path) -> Result<Vec<String>> {
        let now = files(folder)?;
        let changed = self
            .files
            .iter()
            .filter_map(|(path, recorded)| match now.get(path) {
                None => Some(format!("{path} is gone")),
                Some(found) if found != recorded => Some(format!("{path} is {found}, not {recorded}")),
                Some(_) => None,
            });
        let new = now.keys().filter(|path| !self.files.contains_key(*path));
        Ok(changed.chain(new.map(|path| format!("{path} is new"))).collect())
    }
}

fn pinned(tool: &Tool) -> Option<&str> {
    Some(&tool.install.package()?.checksum)
}

fn files(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = fs::read_dir(&next).with_context(|| format!("cannot read {}", next.display()))?;
        for entry in entries {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let name = path.strip_prefix(folder)?.display().to_string();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_symlink() {
                found.insert(name, format!("-> {}", fs::read_link(&path)?.display()));
            } else if name != FILE {
                found.insert(name, checksum::of_file(&path)?);
            }
        }
    }
    Ok(found)
}
