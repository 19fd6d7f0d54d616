//! The report of the features' program.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::test_results::record::Case;

/// What the features' program reports: one JSON object a line.
pub fn read(report: &Path) -> Result<Vec<Case>> {
    #[derive(Deserialize)]
    struct Line {
        feature: String,
        path: Option<String>,
        scenario: String,
        line: u64,
        tags: Vec<String>,
        outcome: String,
    }
    // It dies before its first line when it cannot begin at all, and its exit code says so.
    let text = fs::read_to_string(report).unwrap_or_default();
    let case = |line: &str| -> Result<Case> {
        let line: Line = serde_json::from_str(line).context("the features' report")?;
        Ok(Case {
            name: format!("{}: {}", line.feature, line.scenario),
            outcome: line.outcome,
            path: line.path,
            line: Some(line.line),
            tags: line.tags,
        })
    };
    text.lines().map(case).collect()
}
