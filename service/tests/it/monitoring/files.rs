//! Reads the rules, their tests, the dashboard and the runbook.

use serde_yaml::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// An alert of the rules.
pub struct Alert {
    pub name: String,
    pub severity: String,
    pub summary: String,
    pub runbook: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of `deploy/monitoring` with this suffix.
fn yaml_files(suffix: &str) -> Vec<Value> {
    let entries = fs::read_dir(root().join("deploy/monitoring")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_str().unwrap().ends_with(suffix));
    assert!(!paths.is_empty(), "no {suffix}");
    let read = |path: &PathBuf| serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    paths.iter().map(read).collect()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[name].as_sequence().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn rules() -> Vec<Value> {
    let files = yaml_files(".rules.yml");
    let groups = files.iter().flat_map(|file| list(file, "groups"));
    groups.flat_map(|group| list(group, "rules")).cloned().collect()
}

/// The queries of all rules.
pub fn rule_queries() -> Vec<String> {
    rules().iter().map(|rule| text(&rule["expr"])).collect()
}

/// The names of recorded series.
pub fn records() -> BTreeSet<String> {
    let rules = rules();
    let records = rules.iter().map(|rule| text(&rule["record"]));
    records.filter(|name| !name.is_empty()).collect()
}

/// All alerts.
pub fn alerts() -> Vec<Alert> {
    let rules = rules();
    let alerts = rules.iter().filter(|rule| !rule["alert"].is_null());
    alerts
        .map(|rule| Alert {
            name: text(&rule["alert"]),
            severity: text(&rule["labels"]["severity"]),
            summary: text(&rule["annotations"]["summary"]),
            runbook: text(&rule["annotations"]["runbook"]),
        })
        .collect()
}

/// The alerts that fire in a test, and those that do not.
pub fn tested_alerts() -> (BTreeSet<String>, BTreeSet<String>) {
    let files = yaml_files(".rules.test.yml");
    let tests = files.iter().flat_map(|file| list(file, "tests"));
    let checks = tests.flat_map(|test| list(test, "alert_rule_test"));
    let fires = |check: &&Value| list(check, "exp_alerts").next().is_some();
    let (firing, silent): (Vec<&Value>, Vec<&Value>) = checks.partition(fires);
    let names = |checks: Vec<&Value>| checks.iter().map(|check| text(&check["alertname"])).collect();
    (names(firing), names(silent))
}

/// The queries of the dashboard.
pub fn dashboard_queries() -> Vec<String> {
    let dashboard = fs::read_to_string(root().join("deploy/monitoring/dashboard.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    targets
        .map(|target| target["expr"].as_str().unwrap().replace("$__rate_interval", "5m"))
        .collect()
}

/// The runbook.
pub struct Runbook(String);

/// `docs/runbook.md`.
pub fn runbook() -> Runbook {
    Runbook(fs::read_to_string(root().join("docs/runbook.md")).unwrap())
}

impl Runbook {
    /// The text of a section.
    pub fn section(&self, section: &str) -> &str {
        let sections = self.0.split("\n## ").skip(1);
        let mut sections = sections.filter_map(|part| part.split_once('\n'));
        let found = sections.find(|(title, _)| *title == section);
        found.expect("the section exists").1
    }

    /// The entries of a section, each with its text.
    pub fn entries(&self, section: &str) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.section(section).split("\n### ").skip(1);
        entries.filter_map(|entry| entry.split_once('\n'))
    }

    /// The commands of the service and of the harness: lines of its shell blocks, and texts between backquotes.
    pub fn commands(&self) -> impl Iterator<Item = String> {
        let parts = self.0.split("```").enumerate();
        let commands = parts.flat_map(|(index, part)| {
            let is_block = index % 2 == 1;
            let pieces: Vec<&str> = if is_block {
                part.lines().collect()
            } else {
                part.split('`').skip(1).step_by(2).collect()
            };
            pieces
        });
        let commands = commands.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        commands.filter(|text| text.starts_with("portcullis ") || text.starts_with("cargo xtask "))
    }
}

/// The code of a command of `cargo xtask`; `None` if there is no such command.
pub fn code_of_command(name: &str) -> Option<String> {
    let list = fs::read_to_string(root().join("xtask/src/main.rs")).unwrap();
    let list = list
        .split_once("const COMMANDS")
        .unwrap()
        .1
        .split("];")
        .next()
        .unwrap()
        .to_owned();
    let entry = list.split_once(&format!("(\"{name}\", \""))?.1;
    let package = entry.split('"').next().unwrap();
    Some(code(&root().join(package).join("src")))
}

/// The text of all files in a folder.
pub fn code(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap();
    let texts = entries.map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            code(&path)
        } else {
            fs::read_to_string(path).unwrap_or_default()
        }
    });
    texts.collect()
}
