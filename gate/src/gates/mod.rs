//! The table of gates, in the order in which they start when nothing else decides; one file or folder a tool.

mod actionlint;
mod audit;
mod auditable;
mod checkov;
mod clippy;
mod commits;
mod coverage;
pub mod deny;
mod format;
mod gitleaks;
mod hadolint;
mod registry;
pub mod rustsec;
mod sbom;
mod terraform;
mod test_run;
mod tflint;
mod tidy;
mod trivy;
mod waivers;
pub mod workspace;
mod zizmor;

use crate::dast;
use crate::definition::Gate;

/// Every gate.
pub const GATES: &[&Gate] = &[
    &format::GATE,
    &tidy::GATE,
    &waivers::GATE,
    &hadolint::GATE,
    &zizmor::GATE,
    &actionlint::GATE,
    &commits::GATE,
    &gitleaks::GATE,
    &trivy::secrets::GATE,
    &checkov::GATE,
    &trivy::config::GATE,
    &trivy::vulnerabilities::GATE,
    &trivy::image::GATE,
    &tflint::GATE,
    &terraform::format::GATE,
    &terraform::validate::GATE,
    &terraform::test::GATE,
    &terraform::compliance::GATE,
    &clippy::GATE,
    &dast::headers::GATE,
    &audit::GATE,
    &deny::GATE,
    &sbom::GATE,
    &auditable::GATE,
    &test_run::cargo_test::GATE,
    &test_run::bdd::GATE,
    &coverage::GATE,
    &dast::schemathesis::GATE,
    &dast::wapiti::GATE,
    &dast::zap::GATE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gate_has_a_name_of_its_own_and_builds_on_gates_above() {
        for (place, gate) in GATES.iter().enumerate() {
            let above = &GATES[..place];
            assert!(above.iter().all(|other| other.id != gate.id), "{}", gate.id);
            for after in gate.after {
                assert!(
                    above.iter().any(|other| other.id == *after),
                    "{} after {after}",
                    gate.id
                );
            }
            for tool in gate.tools {
                assert!(tools::table::get(tool).is_ok(), "{}: no tool {tool}", gate.id);
            }
        }
    }
}
