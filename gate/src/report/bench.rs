//! Reads the report of the last `cargo xtask bench`.

use std::fs;
use std::path::Path;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};

/// A measurement's report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bench {
    /// RFC 3339.
    pub written: String,
    /// Whether that was on another day than the run.
    pub stale: bool,
    pub rows: Vec<Row>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub id: String,
    #[serde(default)]
    pub what: String,
    /// `None` if it was not measured.
    pub value: Option<f64>,
    /// Of the rounds of which `value` is the median; equal for what is measured once.
    #[serde(default)]
    pub lowest: Option<f64>,
    #[serde(default)]
    pub highest: Option<f64>,
    /// `≥ 0.9`.
    pub goal: String,
    /// Whether the goal is met; `None` if it was not measured.
    pub holds: Option<bool>,
    pub note: String,
}

/// Reads the report at this path below the target folder.
pub fn read(target: &Path, path: Option<&str>, now: DateTime<Utc>) -> Result<Option<Bench>, String> {
    #[derive(Deserialize)]
    struct Written {
        rows: Vec<Row>,
    }
    let Some(path) = path else { return Ok(None) };
    let file = target.join(path);
    let Ok(text) = fs::read_to_string(&file) else {
        return Ok(None);
    };
    let unreadable = |why: &dyn std::fmt::Display| format!("{path}: {why}");
    let rows = serde_json::from_str::<Written>(&text)
        .map_err(|error| unreadable(&error))?
        .rows;
    let time = fs::metadata(&file).and_then(|meta| meta.modified());
    let written = DateTime::<Utc>::from(time.map_err(|error| unreadable(&error))?).trunc_subsecs(0);
    Ok(Some(Bench {
        written: written.to_rfc3339(),
        stale: written.date_naive() != now.date_naive(),
        rows,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_tree::TestTree;
    use chrono::Days;

    #[test]
    fn figures_of_another_day_are_stale_and_broken_ones_reported() {
        let tree = TestTree::new("report-bench");
        let target = &tree.folder;
        let now = harness::clock::now();
        assert_eq!(read(target, Some("figures.json"), now), Ok(None));
        let write = |text: &str| fs::write(target.join("figures.json"), text).unwrap();
        write(r#"{"seconds":5,"rows":[{"id":"P1","value":0.92,"goal":"≥ 0.9","holds":true,"note":"n"}]}"#);
        let bench = |now| read(target, Some("figures.json"), now).unwrap().unwrap();
        let written: DateTime<Utc> = bench(now).written.parse().unwrap();
        let next_day = written.checked_add_days(Days::new(1)).unwrap();
        assert!(!bench(written).stale && bench(next_day).stale);
        write("{");
        let error = read(target, Some("figures.json"), now).unwrap_err();
        assert!(error.starts_with("figures.json: "), "{error}");
    }
}
