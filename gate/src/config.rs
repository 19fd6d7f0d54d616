//! What the gate must know about the repository that it checks: `security/gate.toml`. A section that is missing leaves its
//! gates without anything to scan.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::process::command::Command;
use serde::Deserialize;

use crate::scan_result::ScanError;

/// Below the repository's root.
pub const FILE: &str = "security/gate.toml";

/// The whole file.
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
    #[serde(default)]
    pub build_features: Argv,
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

/// A program and its arguments. `cargo` in the first place is the cargo that runs the gate.
pub type Argv = Vec<String>;

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

/// The repository's own rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rules {
    /// Checks `{tree}`: prints `path:line: rule: what` for each violation, then a line with the counts.
    pub command: Argv,
    /// The rules that the planted tree violates: all of them.
    pub canary_violations: Vec<String>,
}

/// Messages of commits.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Commits {
    /// The last commit that the rules of style do not cover; the form is checked in all.
    pub style_after: Option<String>,
}

/// Steps of migrations.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Migrations {
    /// A folder for each step, with its `up.sql`.
    pub folder: String,
    /// The oldest supported major version of PostgreSQL.
    pub postgres: u32,
    /// The last step that ran in a database which exists.
    pub applied_through: String,
    /// SHA-256 of the steps up to it, each as its path and its content.
    pub applied_digest: String,
}

/// Tests and scenarios.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tests {
    /// Runs all of them and leaves a record (`harness::test_results::record`).
    pub command: Argv,
    pub min_tests: u64,
    pub min_scenarios: u64,
    /// Runs the scenarios in `{tree}` where no service listens, and reports them in the file `{report}`.
    pub canary_scenarios: Argv,
}

/// Coverage of the program by tests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Coverage {
    /// The program's sources.
    pub folder: String,
    pub min_percent: f64,
    pub min_modules: u64,
    pub min_tests: u64,
    /// For `cargo test`: which tests.
    pub arguments: Argv,
    /// Modules without a line that runs.
    pub never_run: Vec<String>,
    /// Prints the tests' environment as a JSON object on one line, and ends when its standard input is closed.
    pub environment: Argv,
}

/// Gates of Terraform.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Terraform {
    /// Starts a provider that knows only the schema file `{schema}`. It prints Terraform's environment as a JSON object on one line,
    /// and ends when its standard input is closed.
    pub provider: Argv,
    /// Tests the policies in `{policies}`, judges the plans that follow as arguments, and prints JSON (`gates/terraform/policies.rs`).
    pub policies: Argv,
}

/// Gate `kubernetes`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kubernetes {
    /// Versions of the API whose schemas must match: the oldest and the newest that are supported.
    pub versions: Vec<String>,
    /// Registries that images may come from.
    pub registries: Vec<String>,
}

/// The running service that dynamic scans attack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Target {
    /// Starts it for the gate `{gate}`; README.md describes the protocol.
    pub command: Argv,
    /// Files that change what a scan finds begin so; `Cargo.lock` and the workspace's manifest always do.
    pub inputs: Vec<String>,
    /// Where it serves its OpenAPI document.
    pub openapi: String,
    /// Answers 200 to a valid access token.
    pub own_account: String,
    pub pages: Pages,
}

/// The service's pages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pages {
    /// A form with the fields `email` and `password`.
    pub sign_in: String,
    /// A form without fields.
    pub sign_out: String,
    /// Answers 200 to a signed-in browser.
    pub own_account: String,
    /// Beginnings of paths that differ by user.
    pub private: Vec<String>,
    /// The hidden field of every form.
    pub csrf_field: String,
}

/// Gates `client-python`, `client-typescript` and `client-go`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clients {
    /// The programs, with a `/` at the end; each language has a folder in it.
    pub folder: String,
    /// The role whose email and password the programs get.
    pub role: String,
    /// What each program must show: it prints `ok NAME` for each of these.
    pub checks: Vec<String>,
}

/// Gate `headers`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Headers {
    /// More arguments of the target's command.
    pub arguments: Argv,
    /// The role that may do everything.
    pub admin: String,
    /// The role of the signed-in browser.
    pub user: String,
    /// Fewer pages and files than this are not all of them.
    pub min_pages: u64,
    /// Statuses of the document that nothing from outside can provoke.
    pub unreachable: Vec<Unreachable>,
    /// Paths to request while the database is stopped.
    pub without_database: Vec<String>,
    pub probes: Vec<Probe>,
    pub versions: Versions,
    pub guess: Guess,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unreachable {
    pub status: u16,
    pub why: String,
}

/// A request that provokes a status.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// `METHOD PATH`.
    pub request: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: String,
    /// With an access token of this role.
    pub role: Option<String>,
}

/// Resources with an `ETag`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// A public resource.
    pub read: String,
    /// Where to create one that can be updated, and with which body.
    pub create: String,
    pub created: String,
    /// The path of the operation that updates it, and a body.
    pub update: String,
    pub updated: String,
}

/// A wrong password.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guess {
    pub path: String,
    pub body: String,
}

/// Gate `schemathesis`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schemathesis {
    /// Its configuration file.
    pub settings: String,
    /// Variables of that file, each with the line that makes the target create its value.
    pub values: BTreeMap<String, String>,
    /// One run a role, over every operation but the final ones.
    pub runs: Vec<Run>,
    /// Operations that each have a run of their own, because they end the session that they are sent with.
    #[serde(rename = "final")]
    pub last: Vec<Last>,
    /// Operations that accept no generated request, and why.
    pub rejecting: Vec<Rejecting>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub role: String,
    /// How many requests an operation.
    pub examples: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Last {
    pub operation: String,
    pub role: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejecting {
    pub operation: String,
    pub needs: String,
}

/// Gate `wapiti`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wapiti {
    /// The role of the signed-in browser.
    pub user: String,
    /// The role with an access token.
    pub token: String,
    /// Fewer pages than this are not all of them.
    pub min_pages: u64,
    pub min_pages_signed_in: u64,
    /// Paths that would end the round's session.
    pub excluded: Vec<String>,
}

/// Gate `zap`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Zap {
    /// The roles with an access token: one attack on all operations each.
    pub tokens: Vec<String>,
    /// The role of the signed-in browser whose pages are attacked.
    pub browser: String,
    /// Optional parameters that ZAP must not send: it sends every documented one at once.
    pub omitted_parameters: Vec<String>,
    /// Fewer operations with a 2xx response than this: the attack saw rejections alone.
    pub min_answered: u64,
    /// Operations that would end the scan's session.
    pub excluded: Vec<Excluded>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Excluded {
    pub operation: String,
    pub why: String,
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

/// The command with its placeholders filled in; it runs in the repository's root.
pub fn command<'a>(context: &'a Context, argv: &Argv, values: &[(&str, &str)]) -> Command<'a> {
    let mut words = argv.iter().map(|word| {
        let filled = |word: String, (name, value): &(&str, &str)| word.replace(&format!("{{{name}}}"), value);
        values.iter().fold(word.clone(), filled)
    });
    let command = match words.next().as_deref() {
        None | Some("cargo") => Command::cargo(context),
        Some(program) => Command::new(context, program),
    };
    command.args(words)
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
        forbidden.extend([config.name, config.canaries, "migrations/".to_owned()]);
        forbidden.extend(config.openapi);
        let mut folders = vec![root.join("gate/src"), root.join("gate/templates")];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("sample.json") && !path.ends_with("config.rs") {
                    // The sample is a report of this repository, for the tests of the page.
                    let text = fs::read_to_string(&path).unwrap().to_lowercase();
                    let words = forbidden.iter().filter(|word| text.contains(*word));
                    found.extend(words.map(|word| format!("{}: {word}", path.display())));
                }
            }
        }
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn placeholders_are_filled_in() {
        let context = Context {
            settings: harness::settings::Settings::read(),
            stop: harness::process::shutdown::Stop::default(),
        };
        let argv = ["x", "--root", "{tree}/*"].map(str::to_owned).to_vec();
        assert_eq!(
            command(&context, &argv, &[("tree", "/t")]).to_string(),
            "x --root /t/*"
        );
    }
}
