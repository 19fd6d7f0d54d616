//! The table of gates, in the order in which they start when nothing else decides; one file a gate.

/// How gates call cargo.
mod workspace;

/// A planted crate's settings.
mod planted_crate;

/// Formatting.
mod format;

/// Lints.
mod clippy;

/// The repository's own laws.
mod tidy;

/// The ledger.
mod waivers;

/// Dockerfiles.
mod hadolint;

/// What workflows may do.
mod zizmor;

/// Whether workflows are well-formed.
mod actionlint;

/// Messages of commits.
mod commits;

/// OWASP's secure headers.
mod headers;

/// The OpenAPI document's promises.
mod schemathesis;

/// A crawler that attacks.
mod wapiti;

/// OWASP ZAP.
pub mod zap;

/// What gitleaks must find.
mod gitleaks_planted;

/// What gitleaks leaves out by itself.
mod gitleaks_texts;

/// Secrets in files and history.
mod gitleaks;

/// Secrets in files, by other rules.
mod trivy_secrets;

/// Policies.
mod checkov;

/// Misconfiguration.
mod trivy_config;

/// Vulnerabilities.
mod trivy_vulnerabilities;

/// The image.
mod trivy_image;

/// Terraform's habits.
mod tflint;

/// What a registry may not answer.
mod registry;

/// What cargo-audit says.
mod rustsec_report;

/// Known vulnerabilities.
mod audit;

/// What cargo-deny says.
mod deny_report;

/// Licences, sources, bans.
mod deny;

/// What a release program is made of.
mod auditable;

/// What a bill of materials must be.
mod bill;

/// The bill of materials.
mod sbom;

/// A run of the tests, shared.
mod tests_run;

/// Tests.
mod test;

/// Scenarios.
mod bdd;

/// LLVM's programs for coverage.
mod llvm;

/// What llvm-cov says.
mod coverage_report;

/// Coverage.
mod coverage;

/// Terraform's form.
mod terraform_format;

/// Whether Terraform code fits together.
mod terraform_validate;

/// Terraform's own tests.
mod terraform_test;

/// What Terraform would make.
mod terraform_compliance;

use super::row::Gate;

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
    &trivy_secrets::GATE,
    &checkov::GATE,
    &trivy_config::GATE,
    &trivy_vulnerabilities::GATE,
    &trivy_image::GATE,
    &tflint::GATE,
    &terraform_format::GATE,
    &terraform_validate::GATE,
    &terraform_test::GATE,
    &terraform_compliance::GATE,
    &clippy::GATE,
    &headers::GATE,
    &audit::GATE,
    &deny::GATE,
    &sbom::GATE,
    &auditable::GATE,
    &test::GATE,
    &bdd::GATE,
    &coverage::GATE,
    &schemathesis::GATE,
    &wapiti::GATE,
    &zap::GATE,
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
