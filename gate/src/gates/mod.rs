//! The table of gates, in the order in which they start when nothing else decides; one file or folder a tool.

/// Whether workflows are well-formed.
mod actionlint;

/// Advisories for what the lock file names.
mod audit;

/// Advisories for what the binary carries.
mod auditable;

/// Policies.
mod checkov;

/// Lints.
mod clippy;

/// Messages of commits.
mod commits;

/// Which lines tests run.
mod coverage;

/// Sources, licences, advisories of dependencies.
pub mod deny;

/// Formatting.
mod format;

/// Secrets in files and history.
mod gitleaks;

/// Dockerfiles.
mod hadolint;

/// What gates need of a registry.
mod registry;

/// RustSec's advisory database.
pub mod rustsec;

/// The bill of materials.
mod sbom;

/// Terraform code.
mod terraform;

/// Tests and scenarios.
mod test_run;

/// Terraform lints.
mod tflint;

/// The repository's own rules.
mod tidy;

/// Secrets, configuration, packages and images.
mod trivy;

/// The ledger.
mod waivers;

/// How gates call cargo.
pub mod workspace;

/// What workflows may do.
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
