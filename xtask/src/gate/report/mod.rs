//! The report of a run: `target/report/`, written aside and put in place whole; decides no verdict.

/// What a run says.
pub mod model;

/// Takes this machine out.
mod places;

/// What every text passes.
mod wash;

/// Written aside, put in place whole.
mod folder;

/// Since when.
mod first_seen;

/// Which findings are one.
mod same;

/// Each defect once.
mod merge;

/// Where waivers stand.
mod ledger;

/// Which tests show what.
mod requirements;

/// Measurements.
mod bench;

/// What `report.json` says.
mod document;

/// What gates made for readers.
mod copies;

#[cfg(test)]
mod sample;

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::redact::Redactor;
use crate::settings::Settings;
use document::Document;
use first_seen::FirstSeen;
use folder::Folder;
use model::Report;
use places::Places;
use wash::Wash;

/// What a report is made with.
pub struct Press<'a> {
    /// Where it goes, and what it must not name.
    pub settings: &'a Settings,
    /// The run's secrets.
    pub redactor: Redactor,
    /// The run's own folder, which it must not name either.
    pub scratch: Option<&'a Path>,
}

impl Press<'_> {
    /// Writes it; answers its folder. An earlier report stays until this one is whole.
    ///
    /// # Errors
    /// When a file cannot be written, or holds a secret: then the earlier report is gone too, so that nobody takes it for
    /// this run's.
    pub fn publish(&self, mut report: Report) -> Result<PathBuf> {
        let target = &self.settings.target;
        let wash = Wash::of(self.redactor.clone(), Places::of(self.settings, self.scratch));
        let place = target.join("report");
        let mut folder = Folder::begin(&place, &wash)?;
        copies::copy(&mut report.gates, &place, &mut folder)?;
        let now = document::began(&report)?;
        let (bench, no_bench) = match bench::read(target, now) {
            Ok(bench) => (bench, None),
            Err(why) => (None, Some(why)),
        };
        let findings = report.gates.iter().flat_map(|gate| &gate.findings);
        let seen_before = target.join("xtask").join("gate").join("first-seen.json");
        let first_seen = FirstSeen::read(&seen_before, findings, now);
        let mut document = Document::of(&report, &wash, &first_seen, bench)?;
        document.limits.extend(no_bench.map(|why| wash.text(&why)));
        folder.text("report.json", &(serde_json::to_string_pretty(&document)? + "\n"))?;
        first_seen.write(&seen_before)?;
        folder.finish()
    }
}
