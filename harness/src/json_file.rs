//! Small JSON files: state and records.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// `None` for a file that is missing or of another form.
pub fn read<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// Writes a file completely or not at all.
pub fn write(file: &Path, value: &impl Serialize) -> Result<()> {
    let part = file.with_extension("part");
    fs::write(&part, serde_json::to_vec_pretty(value)?)
        .and_then(|()| fs::rename(&part, file))
        .with_context(|| format!("cannot write {}", file.display()))
}
