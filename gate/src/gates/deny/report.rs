//! cargo-deny's output: JSON objects on standard error, one per line, the last of which is a summary.

use serde::Deserialize;

use crate::finding::{Finding, Severity};
use crate::gates::rustsec::report::{Advisory, Package};

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

#[derive(Debug)]
pub struct Report {
    /// Errors only: `deny.toml` decides which checks are warnings.
    pub findings: Vec<Finding>,
    /// Packages whose licence was checked: each is an error, or a help "satisfied".
    pub licences: u64,
    pub limits: Vec<String>,
}

/// Output without a summary means that cargo-deny failed.
pub fn read(stderr: &str, tool: &str) -> Result<Report, String> {
    let (mut findings, mut limits, mut summary, mut errors) = (Vec::new(), Vec::new(), None, Vec::new());
    for line in stderr.lines().filter(|line| line.starts_with('{')) {
        match serde_json::from_str(line).map_err(|error| format!("unknown JSON ({error})"))? {
            Line::Diagnostic(diagnostic) if diagnostic.severity == "error" => {
                findings.push(diagnostic.finding(tool));
            }
            Line::Diagnostic(diagnostic) if diagnostic.code.starts_with("index-") => {
                limits.push(diagnostic.message);
            }
            Line::Summary(stats) => summary = Some(stats),
            Line::Log(log) if log.level == "ERROR" => errors.push(log.message),
            Line::Diagnostic(_) | Line::Log(_) => {}
        }
    }
    let Some(summary) = summary else {
        let first = errors.into_iter().next();
        return Err(first.unwrap_or_else(|| "no summary".to_owned()));
    };
    let checks = [
        &summary.advisories,
        &summary.bans,
        &summary.licenses,
        &summary.sources,
    ];
    let counted: u64 = checks.iter().map(|stats| stats.errors).sum();
    if counted != findings.len() as u64 {
        return Err(format!("{counted} errors counted, {} listed", findings.len()));
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
        let (rule, aliases, what) = match self.advisory {
            Some(advisory) => (advisory.id, advisory.aliases, advisory.title),
            None => {
                let label = self.labels.first();
                let label = label.map_or(String::new(), |Label { message, span }| {
                    format!(": {message} {span}")
                });
                let label = label.trim_end().trim_end_matches(':');
                (self.code, Vec::new(), format!("{}{label}", self.message))
            }
        };
        let finding = |message: String| {
            Finding::new(tool, rule, message)
                .rated(Severity::High)
                .with_aliases(aliases)
        };
        match self.graphs.into_iter().find_map(|graph| graph.package) {
            None => finding(what),
            Some(Package { name, version }) => {
                finding(format!("{name} {version}: {what}")).in_package(&name, &version)
            }
        }
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
    fn errors_are_findings_with_their_package_and_warnings_are_not() {
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
    fn output_without_a_correct_summary_is_an_error_with_a_reason() {
        assert_eq!(read(BROKEN, "x").unwrap_err(), "failed to load advisory database");
        assert_eq!(read("", "x").unwrap_err(), "no summary");
        assert_eq!(read(SUMMARY, "x").unwrap_err(), "1 errors counted, 0 listed");
    }
}
