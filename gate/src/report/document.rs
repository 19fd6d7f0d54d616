//! Everything that `report.json` says: the run, and what follows from it; every other file of the report is made from this.

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
    /// The run.
    #[serde(flatten)]
    pub run: Report,
    /// What all gates found, each defect once.
    pub findings: Vec<Defect>,
    /// Where each waiver stands.
    pub standing: Vec<WaiverUse>,
    /// Which tests show which requirement.
    pub requirements: Vec<Requirement>,
    /// The last measurements.
    pub bench: Option<Bench>,
    /// What the report itself could not do.
    pub limits: Vec<String>,
}

impl Document {
    /// Of a run, every text of it washed.
    pub fn of(
        run: &Report,
        sanitizer: &Sanitizer,
        first_seen: &FirstSeen,
        bench: Option<Bench>,
    ) -> Result<Document> {
        let today = began(run)?.date_naive();
        // First, since what is washed may have lost its fingerprint.
        let findings = merge(&run.gates, first_seen);
        let document = Document {
            standing: WaiverUse::of(&run.waivers, &run.gates, today),
            requirements: requirements(&run.gates),
            run: run.clone(),
            findings,
            bench,
            limits: Vec::new(),
        };
        let washed = sanitizer.value(serde_json::to_value(document)?);
        serde_json::from_value(washed).context("a secret of this run is a word of the report's own")
    }
}

/// When the run began.
pub fn began(run: &Report) -> Result<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(&run.began);
    Ok(time
        .with_context(|| format!("the run began at {:?}", run.began))?
        .to_utc())
}
