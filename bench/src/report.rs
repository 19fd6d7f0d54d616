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
    /// Duration of a round.
    pub seconds: u64,
    /// Prices in the large dataset.
    pub prices: u64,
    pub rows: Vec<Line>,
}

/// One row.
#[derive(Debug, Serialize)]
pub struct Line {
    id: &'static str,
    what: &'static str,
    /// `None` when it was not run or failed, like the next two.
    value: Option<f64>,
    lowest: Option<f64>,
    highest: Option<f64>,
    /// How many rounds `value` is the median of.
    rounds: usize,
    goal: String,
    /// `None` when it was not run.
    holds: Option<bool>,
    note: String,
}

impl Line {
    /// Judges an outcome. A measurement that fails does not hold.
    pub fn new(row: &Row, outcome: Result<Figure>) -> Self {
        let mut line = Self {
            id: row.id,
            what: row.what,
            value: None,
            lowest: None,
            highest: None,
            rounds: 0,
            goal: row.goal.to_string(),
            holds: None,
            note: String::new(),
        };
        match outcome {
            Ok(figure) => {
                // NaN becomes `null` in JSON and meets no goal.
                line.value = Some(figure.value);
                line.lowest = Some(figure.lowest);
                line.highest = Some(figure.highest);
                line.rounds = figure.rounds;
                line.holds = Some(row.goal.holds(figure.value));
                line.note = figure.note;
            }
            Err(error) if error.is::<NotRun>() => line.note = format!("not run: {error}"),
            Err(error) => {
                line.holds = Some(false);
                line.note = format!("failed: {error:#}");
            }
        }
        line
    }

    /// `0.97 to 1.12 (10)`: the spread, and the number of rounds. Empty for what is measured once.
    fn spread(&self) -> String {
        match (self.lowest, self.highest) {
            (Some(lowest), Some(highest)) if self.rounds > 1 => {
                format!("{lowest:.2} to {highest:.2} ({})", self.rounds)
            }
            _ => String::new(),
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
            "\n{:<13} {:>9}  {:<22} {:<10} {:<8} what (note)",
            "row", "median", "lowest to highest (of)", "goal", "verdict"
        ));
        for line in &self.rows {
            let value = line.value.map_or("-".to_owned(), |value| format!("{value:.2}"));
            let verdict = match line.holds {
                Some(true) => "holds",
                Some(false) => "MISSED",
                None => "not run",
            };
            print(&format!(
                "{:<13} {value:>9}  {:<22} {:<10} {verdict:<8} {} ({})",
                line.id,
                line.spread(),
                line.goal,
                line.what,
                line.note
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
        let verdict = |value| Line::new(row, Ok(Figure::once(value, ""))).holds;
        assert_eq!(verdict(1.15), Some(true));
        assert_eq!(verdict(0.5), Some(false));
        let not_run = Line::new(row, Err(NotRun("install wrk".into()).into()));
        assert_eq!(not_run.holds, None);
        assert_eq!(not_run.note, "not run: install wrk");
        let failed = Line::new(row, Err(anyhow::anyhow!("inner").context("outer")));
        assert!(failed.is_broken() && failed.note == "failed: outer: inner");
        assert_eq!(failed.spread(), "");
    }

    #[test]
    fn the_spread_is_shown_and_written() {
        let line = |rounds: &[f64]| Line::new(&ROWS[0], Ok(Figure::of_rounds(rounds, "n")));
        assert_eq!(line(&[1.0]).spread(), "");
        let line = line(&[1.21, 0.975, 1.1]);
        assert_eq!(line.spread(), "0.97 to 1.21 (3)");
        let json = serde_json::to_value(&line).unwrap();
        assert_eq!(
            (&json["value"], &json["lowest"], &json["highest"], &json["rounds"]),
            (&1.1.into(), &0.975.into(), &1.21.into(), &3.into())
        );
        assert_eq!(json["holds"], true);
    }
}
