//! The report of a run: `target/report/`, replaced only by a complete new one.

mod attachments;
mod bench;
mod dedup;
mod document;
mod first_seen;
mod folder;
mod format;
mod junit;
mod merge;
pub mod model;
mod page;
mod path_redaction;
pub mod regenerate;
mod requirements;
mod sanitize;
mod sarif;
mod summary;
mod waiver_status;

#[cfg(test)]
pub mod sample;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::settings::Settings;

use crate::config::Config;
use crate::redaction::Redactor;
use crate::report::document::Document;
use crate::report::first_seen::FirstSeen;
use crate::report::folder::Folder;
use crate::report::model::Report;
use crate::report::path_redaction::PathRedactor;
use crate::report::sanitize::Sanitizer;

/// The schema of `report.json`.
const JSON_SCHEMA: &str = include_str!("../../../docs/report.schema.json");

/// Writes the report of one run.
pub struct ReportWriter<'a> {
    /// The target folder, and the paths that the report must not contain.
    pub settings: &'a Settings,
    /// The repository's configuration.
    pub config: &'a Config,
    /// The run's secrets.
    pub redactor: Redactor,
    /// The run's temporary folder, which the report must not name either.
    pub scratch: Option<&'a Path>,
    /// The base of relative paths.
    pub files: PathBuf,
}

impl ReportWriter<'_> {
    /// Writes the report and returns its folder. An earlier report remains until this one is complete.
    pub fn publish(&self, mut report: Report) -> Result<PathBuf> {
        let target = &self.settings.target;
        let sanitizer = Sanitizer::of(
            self.redactor.clone(),
            PathRedactor::of(self.settings, self.scratch),
        );
        let mut folder = Folder::begin(&target.join("report"), &sanitizer)?;
        attachments::copy(&mut report.gates, &self.files, &mut folder)?;
        let now = document::began(&report)?;
        let (bench, no_bench) = match bench::read(target, self.config.measurements.as_deref(), now) {
            Ok(bench) => (bench, None),
            Err(why) => (None, Some(why)),
        };
        let findings = report.gates.iter().flat_map(|gate| &gate.findings);
        let first_seen_file = target.join("xtask").join("gate").join("first-seen.json");
        let first_seen = FirstSeen::read(&first_seen_file, findings, now);
        let mut document = Document::of(&report, &sanitizer, &first_seen, bench)?;
        document.limits.extend(no_bench.map(|why| sanitizer.text(&why)));
        folder.text("report.json", &(serde_json::to_string_pretty(&document)? + "\n"))?;
        folder.text("report.schema.json", JSON_SCHEMA)?;
        for (name, text) in sarif::files(&document, self.config)? {
            folder.text(&name, &text)?;
        }
        folder.text("junit.xml", &junit::render(&document, &self.config.name)?)?;
        let summary = sanitizer.file(&summary::render(&document)?);
        folder.text("summary.md", &summary)?;
        first_seen.write(&first_seen_file)?;
        let page = page::render(&document, &self.config.name, &folder.files())?;
        folder.text("index.html", &page)?;
        let folder = folder.finish()?;
        if let Some(file) = &self.settings.step_summary {
            append(file, &summary)?;
        }
        Ok(folder)
    }
}

/// Other steps of the workflow write to the same file.
fn append(file: &Path, text: &str) -> Result<()> {
    File::options()
        .create(true)
        .append(true)
        .open(file)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write GITHUB_STEP_SUMMARY, {}", file.display()))
}

#[cfg(test)]
mod tests;
