//! `cargo xtask report`: regenerates the report's files from a `report.json`.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use harness::context::Context;
use harness::output::print;

use crate::config::Config;
use crate::lock;
use crate::redaction::Redactor;
use crate::report::ReportWriter;
use crate::report::model::{self, Report};

/// Options of `cargo xtask report`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The `report.json` of a run [default: that of the last run]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// Regenerates `target/report/`.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let _one_at_a_time = lock::take(context)?;
    let last = context.settings.target.join("report").join("report.json");
    let from = options.from.clone().unwrap_or(last);
    let text = fs::read_to_string(&from).with_context(|| format!("no report {}", from.display()))?;
    let shown = from.display();
    let report: Report = serde_json::from_str(&text).with_context(|| shown.to_string())?;
    ensure!(
        report.schema == model::SCHEMA,
        "{shown} has schema version {}, not {}",
        report.schema,
        model::SCHEMA
    );
    ensure!(!report.gates.is_empty(), "{shown} contains no gate");
    let mut files = report.gates.iter().flat_map(|gate| &gate.files);
    if let Some(file) = files.find(|file| !is_inside(file)) {
        bail!("{shown} names {file:?}, which is outside of its folder");
    }
    let config = Config::read(&context.settings.root)?;
    let writer = ReportWriter {
        settings: &context.settings,
        config: &config,
        // The text was sanitized when it was written.
        redactor: Redactor::default(),
        scratch: None,
        files: from.parent().unwrap_or(&from).to_owned(),
    };
    let folder = writer.publish(report)?;
    print(&format!("report: {}", folder.join("index.html").display()));
    Ok(())
}

/// A path that leaves the report's folder could name any file of the machine.
fn is_inside(file: &str) -> bool {
    let mut parts = Path::new(file).components();
    !file.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::is_inside;

    #[test]
    fn only_files_in_the_reports_folder_are_accepted() {
        assert!(is_inside("files/sbom/app.cdx.json"));
        for file in ["", "/etc/hostname", "../report.json", "files/../../secret"] {
            assert!(!is_inside(file), "{file}");
        }
    }
}
