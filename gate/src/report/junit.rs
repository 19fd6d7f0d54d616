//! `junit.xml`: the gates as one suite, the tests of each gate as another.

use anyhow::{Context as _, Result};
use askama::Template;

use crate::outcome::{Outcome, Verdict};
use crate::report::document::Document;
use crate::report::model::Report;

#[derive(Template)]
#[template(path = "report/junit.xml", escape = "html")]
struct Junit<'a> {
    project: &'a str,
    run: &'a Report,
}

/// Renders it.
pub fn render(document: &Document, project: &str) -> Result<String> {
    let run = &document.run;
    Junit { project, run }.render().context("cannot make junit.xml")
}

impl Junit<'_> {
    fn failures(&self) -> usize {
        self.run.gates.iter().filter(|gate| gate.is_failure()).count()
    }

    fn skipped(&self) -> usize {
        self.run.gates.iter().filter(|gate| gate.is_skipped()).count()
    }
}

impl Outcome {
    /// JUnit has fewer verdicts: whatever fails the run is a failure, also a gate that did not run.
    fn is_failure(&self) -> bool {
        self.fatal || matches!(self.verdict, Verdict::Fail | Verdict::Untrusted)
    }

    fn is_skipped(&self) -> bool {
        !self.is_failure() && self.verdict == Verdict::NotRun
    }

    fn skipped_tests(&self) -> usize {
        self.tests.iter().filter(|test| test.outcome == "skipped").count()
    }

    fn failed_tests(&self) -> usize {
        let passed = self.tests.iter().filter(|test| test.outcome == "passed");
        self.tests.len() - passed.count() - self.skipped_tests()
    }
}
