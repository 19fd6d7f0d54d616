//! Sample runs for tests: one with every verdict, canary and status of a waiver, and a gate to extend.

use crate::outcome::{Canary, Outcome, Verdict};
use crate::report::model::Report;

/// `sample.json`.
pub fn every_verdict() -> Report {
    serde_json::from_str(include_str!("sample.json")).unwrap()
}

/// A gate that passed without findings.
pub fn gate(id: &str) -> Outcome {
    Outcome {
        id: id.to_owned(),
        title: String::new(),
        verdict: Verdict::Pass,
        reason: "3 files".to_owned(),
        canary: Canary::None,
        missing: None,
        fatal: false,
        tools: Vec::new(),
        work: Vec::new(),
        databases: Vec::new(),
        findings: Vec::new(),
        figures: Vec::new(),
        tests: Vec::new(),
        files: Vec::new(),
        limits: Vec::new(),
        ran_at: "2026-11-21T07:21:00+00:00".to_owned(),
        seconds: 1.0,
    }
}
