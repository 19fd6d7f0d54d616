//! What the gate must know about the repository that it checks: `security/gate.toml`. This is the list of its sections;
//! `settings.rs` beside a gate says what its section means. A section that is missing leaves its gates without anything to scan.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::command_line::CommandLine;
use crate::commits::settings::Commits;
use crate::dast::clients::settings::Clients;
use crate::dast::headers::settings::Headers;
use crate::dast::schemathesis::settings::Schemathesis;
use crate::dast::target::settings::Target;
use crate::dast::wapiti::settings::Wapiti;
use crate::dast::zap::settings::Zap;
use crate::gates::coverage::settings::Coverage;
use crate::gates::kubernetes::settings::Kubernetes;
use crate::gates::restore::settings::Restore;
use crate::gates::squawk::settings::Migrations;
use crate::gates::terraform::settings::Terraform;
use crate::gates::test_run::settings::Tests;
use crate::gates::tidy::settings::Rules;
use crate::scan_result::ScanError;

/// Below the repository's root.
pub const FILE: &str = "security/gate.toml";

/// The whole file: entries that no single gate owns, then a section for each gate, or for gates of one kind.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The project's name: in release tags and SARIF categories.
    pub name: String,
    /// The folder of the planted defects, with a `/` at the end. No gate reads it but to plant one.
    pub canaries: String,
    /// The published OpenAPI document: a release changes its version, findings about an operation are shown there.
    pub openapi: Option<String>,
    /// The report of the last measurement, below the folder of builds.
    pub measurements: Option<String>,
    /// Prints `PACKAGE/FEATURE` for each feature that a build needs on this machine, one a line.
    pub build_features: Option<CommandLine>,
    /// The program that is released.
    pub program: Option<Program>,
    /// The repository's own rules.
    pub rules: Option<Rules>,
    /// Messages of commits.
    #[serde(default)]
    pub commits: Commits,
    /// Steps of migrations.
    pub migrations: Option<Migrations>,
    /// Tests and scenarios.
    pub tests: Option<Tests>,
    /// Gate `restore`.
    pub restore: Option<Restore>,
    /// Coverage of the program by tests.
    pub coverage: Option<Coverage>,
    /// Gates of Terraform.
    pub terraform: Option<Terraform>,
    /// Gate `kubernetes`.
    pub kubernetes: Option<Kubernetes>,
    /// The running service that dynamic scans attack.
    pub target: Option<Target>,
    /// Gates `client-python`, `client-typescript` and `client-go`.
    pub clients: Option<Clients>,
    /// Gate `headers`.
    pub headers: Option<Headers>,
    /// Gate `schemathesis`.
    pub schemathesis: Option<Schemathesis>,
    /// Gate `wapiti`.
    pub wapiti: Option<Wapiti>,
    /// Gate `zap`.
    pub zap: Option<Zap>,
}

/// The program that is released.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Program {
    pub package: String,
    pub binary: String,
    /// The package's folder, with a `/` at the end.
    pub folder: String,
    /// A release program that names fewer packages hides some.
    pub min_packages: u64,
}

impl Config {
    /// Of the repository at `root`.
    pub fn read(root: &Path) -> Result<Config> {
        let text = fs::read_to_string(root.join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
        toml::from_str(&text).context(FILE)
    }
}

/// A section of the file that a gate needs.
pub fn needed<'c, T>(section: Option<&'c T>, name: &str) -> Result<&'c T, ScanError> {
    section.ok_or_else(|| ScanError::NothingToScan(format!("{FILE} has no [{name}]")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What this repository is called and where its crates are is in the file, and in no line of the gate.
    #[test]
    fn the_gate_knows_no_crate_and_no_path_of_this_repository() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let config = Config::read(&root).unwrap();
        let table =
            |path: &str| -> toml::Table { fs::read_to_string(root.join(path)).unwrap().parse().unwrap() };
        let members = table("Cargo.toml")["workspace"]["members"].clone();
        let members: Vec<String> = members.try_into().unwrap();
        let dependencies = table("gate/Cargo.toml")["dependencies"]
            .as_table()
            .unwrap()
            .clone();
        let ours: Vec<&String> = members
            .iter()
            .filter(|name| dependencies.contains_key(*name))
            .collect();
        assert_eq!(ours, ["harness", "tools"]);

        let of_crates = members.iter().map(|member| format!("{member}/"));
        // The commands leave files in `target/xtask/gate/`.
        let is_output = |folder: &String| ["xtask/", "gate/"].contains(&folder.as_str());
        let mut forbidden: Vec<String> = of_crates.filter(|folder| !is_output(folder)).collect();
        forbidden.extend([
            config.name,
            config.canaries,
            concat!("migrations", "/").to_owned(),
        ]);
        forbidden.extend(config.openapi);
        let mut folders = vec![root.join("gate/src"), root.join("gate/templates")];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("sample.json") {
                    // The sample is a report of this repository, for the tests of the page.
                    let text = fs::read_to_string(&path).unwrap().to_lowercase();
                    let words = forbidden.iter().filter(|word| text.contains(*word));
                    found.extend(words.map(|word| format!("{}: {word}", path.display())));
                }
            }
        }
        assert_eq!(found, [""; 0]);
    }
}
