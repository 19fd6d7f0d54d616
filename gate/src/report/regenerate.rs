//! `cargo xtask report`: makes the report's files again from a `report.json`; runs no gate.

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
    /// The `report.json` of a run [default: the last one's]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// Writes `target/report/`.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let _one_at_a_time = lock::take(context)?;
    let last = context.settings.target.join("report").join("report.json");
    let from = options.from.clone().unwrap_or(last);
    let text = fs::read_to_string(&from).with_context(|| format!("no report {}", from.display()))?;
    let shown = from.display();
    let report: Report = serde_json::from_str(&text).with_context(|| shown.to_string())?;
    ensure!(
        report.schema == model::SCHEMA,
        "{shown} has the form {}, not {}",
        report.schema,
        model::SCHEMA
    );
    ensure!(!report.gates.is_empty(), "{shown} tells of no gate");
    let mut files = report.gates.iter().flat_map(|gate| &gate.files);
    if let Some(file) = files.find(|file| !is_beside(file)) {
        bail!("{shown} names {file:?}, which is not beside it");
    }
    let config = Config::read(&context.settings.root)?;
    let writer = ReportWriter {
        settings: &context.settings,
        config: &config,
        // It was washed when it was written.
        redactor: Redactor::default(),
        scratch: None,
        files: from.parent().unwrap_or(&from).to_owned(),
    };
    let folder = writer.publish(report)?;
    print(&format!("report: {}", folder.join("index.html").display()));
    Ok(())
}

/// A path that leads out of the report's folder could be any file of the machine.
fn is_beside(file: &str) -> bool {
    let mut parts = Path::new(file).components();
    !file.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::is_beside;

    #[test]
    fn only_what_lies_beside_a_report_belongs_to_it() {
        assert!(is_beside("files/sbom/app.cdx.json"));
        for file in ["", "/etc/hostname", "../report.json", "files/../../secret"] {
            assert!(!is_beside(file), "{file}");
        }
    }
}
