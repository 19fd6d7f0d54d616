//! The contents of `report.json`: the run and what is derived from it. All other files of the report are made from this.

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::report::bench::Bench;
use crate::report::first_seen::FirstSeen;
use crate::report::merge::{Defect, merge};
use crate::report::model::Report;
use crate::report::requirements::{Requirement, requirements};
use crate::report::sanitize::Sanitizer;
use crate::report::waiver_status::WaiverUse;

/// `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    #[serde(flatten)]
    pub run: Report,
    /// The findings of all gates, each defect once.
    pub findings: Vec<Defect>,
    /// The status of each waiver, in the order of the ledger.
    #[serde(rename = "standing")]
    pub waiver_uses: Vec<WaiverUse>,
    /// The tests of each requirement.
    pub requirements: Vec<Requirement>,
    /// The last measurements.
    pub bench: Option<Bench>,
    /// What the report itself does not cover.
    pub limits: Vec<String>,
}

impl Document {
    /// Derives the document of a run and sanitizes all of its texts.
    pub fn of(
        run: &Report,
        sanitizer: &Sanitizer,
        first_seen: &FirstSeen,
        bench: Option<Bench>,
    ) -> Result<Document> {
        let today = began(run)?.date_naive();
        // Before sanitizing, which may change fingerprints.
        let findings = merge(&run.gates, first_seen);
        let document = Document {
            waiver_uses: WaiverUse::of(&run.waivers, &run.gates, today),
            requirements: requirements(&run.gates),
            run: run.clone(),
            findings,
            bench,
            limits: Vec::new(),
        };
        let clean = sanitizer.value(serde_json::to_value(document)?);
        serde_json::from_value(clean).context("a secret of this run equals a name in the report's schema")
    }
}

/// The start of the run.
pub fn began(run: &Report) -> Result<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(&run.began);
    Ok(time
        .with_context(|| format!("the run started at {:?}", run.began))?
        .to_utc())
}
