//! The table of gates, in the order in which they start if nothing else decides. One file or folder per tool.

mod actionlint;
mod audit;
mod auditable;
mod checkov;
mod clippy;
mod commits;
pub mod coverage;
pub mod deny;
mod format;
mod gitleaks;
mod hadolint;
pub mod kubernetes;
mod promtool;
pub mod restore;
pub mod rustsec;
mod sbom;
pub mod squawk;
pub mod terraform;
pub mod test_run;
mod tflint;
pub mod tidy;
mod trivy;
mod waivers;
mod zizmor;

use crate::dast;
use crate::definition::Gate;

pub const GATES: &[&Gate] = &[
    &format::GATE,
    &tidy::GATE,
    &waivers::GATE,
    &hadolint::GATE,
    &zizmor::GATE,
    &actionlint::GATE,
    &squawk::GATE,
    &commits::GATE,
    &gitleaks::GATE,
    &trivy::secrets::GATE,
    &checkov::GATE,
    &trivy::config::GATE,
    &trivy::vulnerabilities::GATE,
    &trivy::image::GATE,
    &tflint::GATE,
    &kubernetes::GATE,
    &terraform::format::GATE,
    &terraform::validate::GATE,
    &terraform::test::GATE,
    &terraform::compliance::GATE,
    &terraform::plan::GATE,
    &terraform::policies::GATE,
    &promtool::GATE,
    &clippy::GATE,
    &dast::headers::GATE,
    &audit::GATE,
    &deny::GATE,
    &sbom::GATE,
    &auditable::GATE,
    &test_run::cargo_test::GATE,
    &test_run::bdd::GATE,
    &restore::GATE,
    &coverage::GATE,
    &dast::clients::python::GATE,
    &dast::clients::typescript::GATE,
    &dast::clients::go::GATE,
    &dast::schemathesis::GATE,
    &dast::wapiti::GATE,
    &dast::zap::GATE,
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    #[test]
    fn every_gate_has_a_unique_name_a_canary_and_known_tools() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let config = Config::read(&root).unwrap();
        for (index, Gate { id, title, .. }) in GATES.iter().enumerate() {
            let (gate, above) = (GATES[index], &GATES[..index]);
            assert!(
                !title.is_empty() && above.iter().all(|other| other.id != *id),
                "{id}"
            );
            assert!(!gate.expected(&config).is_empty(), "{id} expects nothing");
            let canary = root.join(&config.canaries).join(gate.canary_folder());
            assert!(canary.is_dir(), "{id}: no canary");
            for after in gate.after {
                assert!(above.iter().any(|other| other.id == *after), "{id} after {after}");
            }
            for tool in gate.tools {
                assert!(tools::table::get(tool).is_ok(), "{id}: no tool {tool}");
            }
        }
    }
}
