//! The results as a table on the terminal and as JSON.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use harness::output::print;
use serde::Serialize;

use crate::figure::{Figure, NotRun};
use crate::machine::Machine;
use crate::rows::Row;

/// `target/bench/report.json`.
#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub seconds: u64,
    pub rows: Vec<Line>,
}

/// One row.
#[derive(Debug, Serialize)]
pub struct Line {
    id: &'static str,
    what: &'static str,
    /// `None` when it was not run or failed.
    value: Option<f64>,
    goal: String,
    /// `None` when it was not run.
    holds: Option<bool>,
    note: String,
}

impl Line {
    /// Judges an outcome. A measurement that fails does not hold.
    pub fn new(row: &Row, outcome: Result<Figure>) -> Self {
        let (value, holds, note) = match outcome {
            // NaN becomes `null` in JSON and meets no goal.
            Ok(Figure { value, note }) => (Some(value), Some(row.goal.holds(value)), note),
            Err(error) if error.is::<NotRun>() => (None, None, format!("not run: {error}")),
            Err(error) => (None, Some(false), format!("failed: {error:#}")),
        };
        Self {
            id: row.id,
            what: row.what,
            value,
            goal: row.goal.to_string(),
            holds,
            note,
        }
    }

    /// Whether it fails the run.
    pub fn is_broken(&self) -> bool {
        self.holds == Some(false)
    }
}

impl Report {
    /// Writes the JSON and prints the table.
    pub fn publish(&self, file: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        fs::write(file, json + "\n").with_context(|| format!("cannot write {}", file.display()))?;
        print(&format!(
            "\n{:<10} {:>9}  {:<10} {:<8} what (note)",
            "row", "value", "goal", "verdict"
        ));
        for line in &self.rows {
            let value = line.value.map_or("-".to_owned(), |value| format!("{value:.2}"));
            let verdict = match line.holds {
                Some(true) => "holds",
                Some(false) => "FAILS",
                None => "not run",
            };
            print(&format!(
                "{:<10} {value:>9}  {:<10} {verdict:<8} {} ({})",
                line.id, line.goal, line.what, line.note
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::ROWS;

    #[test]
    fn a_failed_row_does_not_hold_and_a_row_not_run_has_no_verdict() {
        let row = &ROWS[0];
        let verdict = |value| {
            let note = String::new();
            Line::new(row, Ok(Figure { value, note })).holds
        };
        assert_eq!(verdict(0.95), Some(true));
        assert_eq!(verdict(0.5), Some(false));
        let not_run = Line::new(row, Err(NotRun("install wrk".into()).into()));
        assert_eq!(not_run.holds, None);
        assert_eq!(not_run.note, "not run: install wrk");
        let failed = Line::new(row, Err(anyhow::anyhow!("inner").context("outer")));
        assert!(failed.is_broken() && failed.note == "failed: outer: inner");
    }
}
