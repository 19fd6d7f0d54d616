//! What cargo-deny says: JSON objects on standard error, one a line; runs nothing.

use serde::Deserialize;

use crate::finding::{Finding, Severity};

#[derive(Deserialize)]
#[serde(tag = "type", content = "fields", rename_all = "lowercase")]
enum Line {
    Diagnostic(Diagnostic),
    Summary(Summary),
    Log(Log),
}

#[derive(Deserialize)]
struct Diagnostic {
    severity: String,
    message: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    graphs: Vec<Graph>,
    advisory: Option<Advisory>,
}

#[derive(Deserialize)]
struct Label {
    message: String,
    span: String,
}

#[derive(Deserialize)]
struct Graph {
    #[serde(rename = "Krate")]
    package: Option<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

#[derive(Deserialize)]
struct Advisory {
    id: String,
    title: String,
    #[serde(default)]
    aliases: Vec<String>,
}

/// Its last word: without it, it broke.
#[derive(Deserialize)]
struct Summary {
    advisories: Stats,
    bans: Stats,
    licenses: Stats,
    sources: Stats,
}

#[derive(Deserialize)]
struct Stats {
    errors: u64,
    helps: u64,
}

#[derive(Deserialize)]
struct Log {
    level: String,
    message: String,
}

/// What a run that worked comes to.
#[derive(Debug)]
pub struct Report {
    /// Errors; warnings are the settings' business.
    pub findings: Vec<Finding>,
    /// Packages whose licence was judged: it says "satisfied" of each of the others.
    pub licences: u64,
    /// What it could not look at.
    pub limits: Vec<String>,
}

/// Reads it.
pub fn read(stderr: &str, tool: &str) -> Result<Report, String> {
    let (mut findings, mut limits, mut summary, mut errors) = (Vec::new(), Vec::new(), None, Vec::new());
    for line in stderr.lines().filter(|line| line.starts_with('{')) {
        match serde_json::from_str(line).map_err(|error| format!("no JSON it knows ({error})"))? {
            Line::Diagnostic(diagnostic) if diagnostic.severity == "error" => {
                findings.push(diagnostic.finding(tool));
            }
            Line::Diagnostic(diagnostic) if diagnostic.code.starts_with("index-") => {
                limits.push(diagnostic.message);
            }
            Line::Diagnostic(_) => {}
            Line::Summary(stats) => summary = Some(stats),
            Line::Log(log) if log.level == "ERROR" => errors.push(log.message),
            Line::Log(_) => {}
        }
    }
    let Some(summary) = summary else {
        return Err(errors
            .into_iter()
            .next()
            .unwrap_or_else(|| "no summary".to_owned()));
    };
    let all = [
        &summary.advisories,
        &summary.bans,
        &summary.licenses,
        &summary.sources,
    ];
    let told: u64 = all.iter().map(|stats| stats.errors).sum();
    if told != findings.len() as u64 {
        return Err(format!("it counts {told} errors and lists {}", findings.len()));
    }
    limits.sort();
    limits.dedup();
    Ok(Report {
        findings,
        licences: summary.licenses.errors + summary.licenses.helps,
        limits,
    })
}

impl Diagnostic {
    fn finding(self, tool: &str) -> Finding {
        let package = self.graphs.into_iter().find_map(|graph| graph.package);
        let label = self.labels.first();
        let (rule, aliases, what) = match self.advisory {
            Some(advisory) => (advisory.id, advisory.aliases, advisory.title),
            None => {
                let place = label.map_or(String::new(), |label| {
                    format!(": {} {}", label.message, label.span)
                });
                let (place, message) = (place.trim_end().trim_end_matches(':'), &self.message);
                (self.code, Vec::new(), format!("{message}{place}"))
            }
        };
        let named = package
            .as_ref()
            .map_or(String::new(), |Package { name, version }| {
                format!("{name} {version}: ")
            });
        let mut finding = Finding::new(tool, rule, format!("{named}{what}")).rated(Severity::High);
        finding.package = package.map(|Package { name, version }| format!("pkg:cargo/{name}@{version}"));
        finding.aliases = aliases;
        finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VULNERABLE: &str = r#"{"fields":{"advisory":{"aliases":["CVE-2020-26235"],"collection":"crates","id":"RUSTSEC-2020-0071","package":"time","title":"Potential segfault in the time crate"},"code":"vulnerability","graphs":[{"Krate":{"name":"time","version":"0.1.44"},"parents":[{"Krate":{"name":"planted","version":"0.0.0"}}]}],"labels":[{"column":1,"line":3,"message":"security vulnerability detected","span":"time 0.1.44 registry+https://github.com/rust-lang/crates.io-index"}],"message":"Potential segfault in the time crate","notes":["ID: RUSTSEC-2020-0071"],"severity":"error"},"type":"diagnostic"}"#;
    const UNUSED: &str = r#"{"fields":{"code":"license-not-encountered","labels":[{"column":4,"line":18,"message":"unmatched license allowance","span":"Unlicense"}],"message":"license was not encountered","severity":"warning"},"type":"diagnostic"}"#;
    const SUMMARY: &str = r#"{"fields":{"advisories":{"errors":1,"helps":0,"notes":0,"warnings":0},"bans":{"errors":0,"helps":0,"notes":0,"warnings":0},"licenses":{"errors":0,"helps":7,"notes":0,"warnings":1},"sources":{"errors":0,"helps":0,"notes":0,"warnings":0}},"type":"summary"}"#;
    const BROKEN: &str = r#"{"type":"log","fields":{"timestamp":"2026-11-21 07:00:00","level":"ERROR","message":"failed to load advisory database"}}"#;

    #[test]
    fn an_advisory_is_found_with_its_package_and_warnings_are_not() {
        let report = read(&[VULNERABLE, UNUSED, SUMMARY].join("\n"), "cargo-deny").unwrap();
        let [finding] = report.findings.as_slice() else {
            panic!("{report:?}")
        };
        assert_eq!(finding.rule, "RUSTSEC-2020-0071");
        assert_eq!(finding.aliases, ["CVE-2020-26235"]);
        assert_eq!(finding.package.as_deref(), Some("pkg:cargo/time@0.1.44"));
        assert_eq!(report.licences, 7);
    }

    #[test]
    fn a_run_without_its_last_word_broke_and_says_why() {
        assert_eq!(read(BROKEN, "x").unwrap_err(), "failed to load advisory database");
        assert_eq!(read("", "x").unwrap_err(), "no summary");
        assert_eq!(read(SUMMARY, "x").unwrap_err(), "it counts 1 errors and lists 0");
    }
}
