//! The report of a run: `target/report/`, written aside and put in place whole; decides no verdict.

/// What the report says.
pub mod model;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use model::Report;

/// Writes it; answers its folder. An earlier report stays until this one is whole.
///
/// # Errors
/// When a file cannot be written: then the earlier report is gone too, so that nobody takes it for this run's.
pub fn publish(report: &Report, target: &Path) -> Result<PathBuf> {
    let (folder, aside) = (target.join("report"), target.join("report.new"));
    let written = write(report, &aside);
    let _none_there = fs::remove_dir_all(&folder);
    if let Err(error) = written {
        let _half_written = fs::remove_dir_all(&aside);
        return Err(error.context(format!("cannot write the report below {}", target.display())));
    }
    fs::rename(&aside, &folder).with_context(|| format!("cannot write {}", folder.display()))?;
    Ok(folder)
}

fn write(report: &Report, folder: &Path) -> Result<()> {
    let _none_there = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    let json = serde_json::to_string_pretty(report)?;
    fs::write(folder.join("report.json"), json + "\n")?;
    Ok(())
}
