//! The alerts of `terraform/modules/alerts`, compared with the documents, the service's events and the rules for Prometheus.

use crate::monitoring::files::{self, Runbook};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const MODULE: &str = include_str!("../../../../terraform/modules/alerts/main.tf");
const LOGGING: &str = include_str!("../../../../docs/logging.md");

/// What is between the lines `  NAME = {` and `  }`, or with square brackets.
fn local(name: &str, brackets: (char, char)) -> &'static str {
    let (open, close) = brackets;
    let start = format!("\n  {name} = {open}\n");
    let value = MODULE.split_once(&start).expect("the value exists").1;
    value.split_once(&format!("\n  {close}\n")).unwrap().0
}

/// The alerts with their thresholds. `None`: it comes from a variable.
fn alerts() -> BTreeMap<&'static str, Option<u64>> {
    let mut alerts = BTreeMap::new();
    let mut name = "";
    for line in ["metrics", "queries"]
        .iter()
        .flat_map(|list| local(list, ('{', '}')).lines())
    {
        let inner = line.strip_prefix("    ").unwrap();
        if let Some(own) = inner.strip_suffix(" = {") {
            name = own;
        }
        if let Some((_, rest)) = inner.split_once("threshold ") {
            let value = rest.trim_start_matches([' ', '=']).split(',').next().unwrap();
            alerts.insert(name, value.parse().ok());
        }
    }
    alerts
}

/// The events of docs/logging.md, and whether a single one needs attention.
fn events() -> BTreeMap<&'static str, bool> {
    let section = LOGGING.split_once("\n## Events\n").unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let event = |row: &'static str| {
        let (name, rest) = row.split_once('`')?;
        Some((name, rest.starts_with(" *")))
    };
    rows.filter_map(event).collect()
}

/// The rows of the table of a section with this heading: the cells, without links.
fn table<'r>(runbook: &'r Runbook, heading: &str) -> Vec<Vec<&'r str>> {
    let section = runbook.section("Alerts of Azure");
    let table = section.split_once(heading).expect("the table exists").1;
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// Names between backquotes.
fn quoted(cell: &str) -> BTreeSet<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// L4, L12: The alert on single events has exactly those that the document marks.
#[test]
fn the_events_that_alert_are_those_that_need_attention() {
    let alerting = local("events", ('[', ']')).lines();
    let alerting: Vec<&str> = alerting
        .map(|line| line.trim().trim_matches(['"', ',']))
        .collect();
    let marked = events().into_iter().filter(|(_, is_marked)| *is_marked);
    let marked: Vec<&str> = marked.map(|(name, _)| name).collect();
    assert!(marked.len() > 8, "{marked:?}");
    assert_eq!(alerting, marked);
}

/// L12: The service logs each event of the document, and the document has each event that the service logs.
#[test]
fn the_documented_events_are_those_of_the_service() {
    let code = files::code(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let events = events();
    for name in events.keys() {
        let is_logged = [format!("\"{name}\""), format!("\"event\":\"{name}\"")];
        assert!(is_logged.iter().any(|text| code.contains(text)), "{name}");
    }
    let logged = code
        .split("event = \"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    let logged: BTreeSet<&str> = logged.filter(|name| name.contains('.')).collect();
    assert!(logged.len() > 8, "{logged:?}");
    let undocumented: Vec<_> = logged
        .iter()
        .filter(|name| !events.contains_key(**name))
        .collect();
    assert_eq!(undocumented, [&""; 0]);
}

/// L12: The runbook has each alert of Azure, with its threshold.
#[test]
fn each_alert_of_azure_is_in_the_runbook() {
    let runbook = files::runbook();
    let rows = table(&runbook, "| alert | meaning | action |\n");
    let alerts = alerts();
    assert!(alerts.len() > 10, "{alerts:?}");
    let documented: BTreeSet<&str> = rows.iter().flat_map(|cells| quoted(cells[0])).collect();
    assert_eq!(documented, alerts.keys().copied().collect());
    for cells in &rows {
        let name = cells[0].trim_matches('`');
        // "One event" and "none runs" need no figure.
        if let Some(threshold) = alerts[name].filter(|threshold| *threshold > 1) {
            let meaning = format!("more than {threshold} ");
            assert!(cells[1].contains(&meaning), "{name}: {meaning}");
        }
    }
}

/// L12: For each alert of Prometheus the runbook says which alerts of Azure take its place, and all of them exist.
#[test]
fn the_runbook_says_what_azure_does_not_watch() {
    let runbook = files::runbook();
    let rows = table(&runbook, "| alert | on Azure | what is missing there |\n");
    let of_azure: BTreeSet<&str> = alerts().into_keys().collect();
    let mut of_prometheus = BTreeSet::new();
    for cells in &rows {
        let name = cells[0].trim_start_matches('[').split(']').next().unwrap();
        assert!(of_prometheus.insert(name.to_owned()), "{name} twice");
        let instead = quoted(cells[1]);
        assert!(instead.is_subset(&of_azure), "{name}: {instead:?}");
        // What has no counterpart says what that means.
        assert_eq!(instead.is_empty(), cells[1] == "–", "{name}: {}", cells[1]);
        assert!(!instead.is_empty() || !cells[2].is_empty(), "{name}");
    }
    let all: BTreeSet<String> = files::alerts().into_iter().map(|alert| alert.name).collect();
    assert_eq!(of_prometheus, all);
}
