//! Writes the outcome of each scenario as one JSON object per line, for other programs.

use cucumber::gherkin::{Feature, Rule, Scenario};
use serde_json::json;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A report file; without a path, nothing is written.
#[derive(Debug, Default)]
pub struct Report {
    file: Option<Mutex<File>>,
}

impl Report {
    /// Creates the file, empty.
    pub fn create(path: Option<&Path>) -> std::io::Result<Report> {
        let file = path.map(File::create).transpose()?;
        Ok(Report {
            file: file.map(Mutex::new),
        })
    }

    /// Writes one scenario and its outcome: `passed`, `failed` or `skipped`.
    pub fn write(&self, feature: &Feature, rule: Option<&Rule>, scenario: &Scenario, outcome: &str) {
        let Some(file) = &self.file else { return };
        let relative = |path: &Path| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
            Some(path.strip_prefix(root).ok()?.display().to_string())
        };
        let rule = rule.map(|rule| rule.tags.as_slice()).unwrap_or_default();
        let tags: Vec<&String> = [&feature.tags, rule, &scenario.tags]
            .into_iter()
            .flatten()
            .collect();
        let line = json!({
            "name": format!("{}: {}", feature.name, scenario.name),
            "path": feature.path.as_deref().and_then(relative),
            "line": scenario.position.line,
            "tags": tags,
            "outcome": outcome,
        });
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        // Readers compare the number of lines with the closing line, so a missing line does not go unnoticed.
        if let Err(error) = writeln!(file, "{line}") {
            eprintln!("cannot write the report: {error}");
        }
    }
}
