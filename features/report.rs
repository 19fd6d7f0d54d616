//! Writes how each scenario ended, a JSON object a line, for programs that read it; counts nothing.

use cucumber::gherkin::{Feature, Rule, Scenario};
use serde_json::json;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A file, or nothing.
#[derive(Debug, Default)]
pub struct Report {
    file: Option<Mutex<File>>,
}

impl Report {
    /// An empty report.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn begin(path: Option<&Path>) -> std::io::Result<Report> {
        let file = path.map(File::create).transpose()?;
        Ok(Report {
            file: file.map(Mutex::new),
        })
    }

    /// One more scenario and its outcome: `passed`, `failed`, `skipped`.
    pub fn tell(&self, feature: &Feature, rule: Option<&Rule>, scenario: &Scenario, outcome: &str) {
        let Some(file) = &self.file else { return };
        let below = |path: &Path| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
            Some(path.strip_prefix(root).ok()?.display().to_string())
        };
        let rule = rule.map(|rule| rule.tags.as_slice()).unwrap_or_default();
        let tags: Vec<&String> = [&feature.tags, rule, &scenario.tags]
            .into_iter()
            .flatten()
            .collect();
        let line = json!({
            "feature": feature.name,
            "path": feature.path.as_deref().and_then(below),
            "scenario": scenario.name,
            "line": scenario.position.line,
            "tags": tags,
            "outcome": outcome,
        });
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        // A line that is missing is noticed: the closing line counts all.
        if let Err(error) = writeln!(file, "{line}") {
            eprintln!("the report could not be written: {error}");
        }
    }
}
