//! ZAP's add-ons: they contain the rules, so the report lists them.

use std::fs;
use std::path::{Path, PathBuf};

use harness::checksum;

use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// Below the folder of `zap.sh`.
pub const FOLDER: &str = "plugin";

/// Writes the name and the SHA-256 of each installed add-on, as `sha256sum` would.
pub fn record(ctx: &ScanContext<'_>) -> Result<PathBuf, ScanError> {
    let program = fs::canonicalize(ctx.run_state.program("zap")?.file)?;
    let folder = program.parent().unwrap_or(Path::new("/")).join(FOLDER);
    // An installation without add-ons has no folder; its scan then fails by itself.
    let entries = fs::read_dir(&folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let mut lines = String::new();
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "zap"))
    {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        lines += &format!("{}  {name}\n", checksum::of_file(file)?);
    }
    ctx.write_file("addons.sha256", &lines)
}
