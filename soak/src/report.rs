//! The results of a soak as lines on the terminal and as JSON.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use harness::output::{print, seconds};
use serde::Serialize;

use crate::runs::{Loss, Outcome};
use crate::samples::reasons;

/// `target/soak/report.json`.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    parts: Vec<Part>,
    revocations: Vec<Revocation>,
}

/// The most requests that may fail when all leases in use are revoked: those in progress.
const MAX_LOST: usize = 8;

/// The longest time from such a revocation to the end of the last request that fails.
const MAX_RECOVERY_S: f64 = 2.0;

/// All leases in use were revoked once.
#[derive(Debug, Serialize)]
struct Revocation {
    failed: usize,
    recovered_s: f64,
}

/// One run.
#[derive(Debug, Serialize)]
struct Part {
    name: &'static str,
    /// Whether failed requests are what it is for.
    is_control: bool,
    seconds: f64,
    requests: usize,
    rotations: String,
    incidents: Vec<&'static str>,
    /// Outside announced outages.
    failed: usize,
    /// During announced outages.
    failed_in_outages: usize,
    reasons: String,
    p99_ms: Option<f64>,
}

impl Report {
    /// Adds a run and prints its line.
    pub fn add(&mut self, name: &'static str, outcome: &Outcome) {
        self.add_part(name, false, outcome);
    }

    /// Adds a part of the run that must fail requests, and prints its line.
    pub fn add_control(&mut self, outcome: &Outcome) {
        self.add_part(outcome.kind.name(), true, outcome);
    }

    fn add_part(&mut self, name: &'static str, is_control: bool, outcome: &Outcome) {
        let samples = &outcome.samples;
        let failed = outcome.failed();
        let part = Part {
            name,
            is_control,
            seconds: outcome.took.as_secs_f64(),
            requests: samples.requests(),
            rotations: outcome.rotations.to_string(),
            incidents: outcome.incidents.iter().map(|incident| incident.name()).collect(),
            failed,
            failed_in_outages: samples.failures.len() - failed,
            reasons: reasons(samples.unexplained(&outcome.outages)),
            p99_ms: samples.p99(),
        };
        for incident in &part.incidents {
            print(&format!("      {incident}"));
        }
        print(&format!(
            "{}{name}: {} requests in {}, {} failed ({}), {} during announced outages; rotations: {}; p99 of rates {}",
            if is_control {
                "control, revoked too early: "
            } else {
                ""
            },
            part.requests,
            seconds(outcome.took),
            part.failed,
            part.reasons,
            part.failed_in_outages,
            part.rotations,
            samples.p99_text()
        ));
        self.parts.push(part);
    }

    /// Adds what revocations of all leases in use caused, and prints a line for each.
    pub fn add_losses(&mut self, losses: &[Loss], outcome: &Outcome) {
        for loss in losses {
            let (failed, recovered_s) = (loss.failed, loss.recovered.as_secs_f64());
            print(&format!(
                "all leases in use revoked: {failed} requests failed, the last one after {recovered_s:.2} s"
            ));
            self.revocations.push(Revocation { failed, recovered_s });
        }
        let (samples, rotations) = (&outcome.samples, &outcome.rotations);
        print(&format!(
            "leases revoked by an operator: {} requests, failed: {}; rotations: {rotations}; p99 of rates {}",
            samples.requests(),
            reasons(&samples.failures),
            samples.p99_text()
        ));
    }

    /// Writes the JSON.
    pub fn write(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let json = serde_json::to_string_pretty(self)?;
        fs::write(file, json + "\n").with_context(|| format!("cannot write {}", file.display()))
    }

    /// Why the soak fails; `None` when it holds. Without failures in the control nothing else can be trusted.
    pub fn problem(&self) -> Option<String> {
        let controls = self.parts.iter().filter(|part| part.is_control);
        if controls.map(|control| control.failed).sum::<usize>() == 0 {
            return Some("untrusted: no control failed a request".to_owned());
        }
        let failed = |part: &&Part| !part.is_control && part.failed > 0;
        let failed: Vec<String> = self
            .parts
            .iter()
            .filter(failed)
            .map(|part| {
                format!(
                    "{}: {} requests failed ({})",
                    part.name, part.failed, part.reasons
                )
            })
            .collect();
        let lost = |revocation: &&Revocation| {
            revocation.failed > MAX_LOST || revocation.recovered_s >= MAX_RECOVERY_S
        };
        let lost = self.revocations.iter().filter(lost).map(|revocation| {
            format!(
                "all leases in use revoked: {} requests failed, the last one after {:.2} s",
                revocation.failed, revocation.recovered_s
            )
        });
        let problems: Vec<String> = failed.into_iter().chain(lost).collect();
        (!problems.is_empty()).then(|| problems.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotations::Rotations;
    use crate::samples::{Failure, Kind, Outage, Samples};
    use crate::vault_stack;
    use std::time::Duration;

    fn outcome(failures: usize, outages: Vec<Outage>) -> Outcome {
        let failure = Failure {
            kind: Kind::Rates,
            from: Duration::from_secs(1),
            to: Duration::from_secs(2),
            reason: "GET: status 503".to_owned(),
        };
        let mut samples = Samples::default();
        samples.failures = vec![failure; failures];
        Outcome {
            kind: vault_stack::Kind::Dynamic,
            rotations: Rotations::default(),
            samples,
            outages,
            incidents: Vec::new(),
            took: Duration::from_secs(3),
        }
    }

    fn problem(run: &Outcome, control: Option<&Outcome>) -> Option<String> {
        let mut report = Report::default();
        report.add("dynamic", run);
        if let Some(control) = control {
            report.add_control(control);
        }
        report.problem()
    }

    #[test]
    fn a_soak_holds_only_with_a_control_that_fails() {
        let (good, bad) = (outcome(0, Vec::new()), outcome(2, Vec::new()));
        assert_eq!(problem(&good, Some(&bad)), None);
        for control in [None, Some(&good)] {
            assert!(problem(&good, control).unwrap().starts_with("untrusted"));
        }
        let failed = problem(&bad, Some(&bad)).unwrap();
        assert_eq!(failed, "dynamic: 2 requests failed (2 × GET: status 503)");
    }

    #[test]
    fn a_slow_recovery_is_a_problem() {
        for (failed, millis, holds) in [(0, 0, true), (8, 1_900, true), (9, 100, false), (1, 2_000, false)] {
            let mut report = Report::default();
            report.add_control(&outcome(1, Vec::new()));
            let loss = Loss {
                failed,
                recovered: Duration::from_millis(millis),
            };
            report.add_losses(&[loss], &outcome(failed, Vec::new()));
            assert_eq!(report.problem().is_none(), holds, "{failed} in {millis} ms");
        }
    }

    #[test]
    fn failures_in_announced_outages_are_no_problem() {
        let outage = Outage {
            from: Duration::from_secs(2),
            to: Duration::from_secs(4),
        };
        let announced = outcome(3, vec![outage]);
        assert_eq!(problem(&announced, Some(&outcome(1, Vec::new()))), None);
    }
}
