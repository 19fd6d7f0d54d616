//! The report of the features' program.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::test_results::record::Case;

/// Parses one JSON object per line.
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
    // The program writes no line when it cannot start; its exit code shows that.
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
