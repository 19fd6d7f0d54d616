//! One defect that a tool found, in a form that all tools share.

use std::fmt;

use harness::checksum;
use serde::{Deserialize, Serialize};

/// As the tool rates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Low,
    /// Also of findings that the tool does not rate.
    Medium,
    High,
    Critical,
}

impl Severity {
    /// From a tool's own name for it. `error`, `warning` and `note` are those of compilers and SARIF.
    pub fn named(name: &str) -> Severity {
        match name.to_ascii_lowercase().as_str() {
            "critical" => Severity::Critical,
            "high" | "error" => Severity::High,
            "low" | "note" | "notice" => Severity::Low,
            "info" | "informational" | "style" | "none" => Severity::Info,
            _ => Severity::Medium,
        }
    }

    /// From a CVSS base score (CVSS v4.0 §6, qualitative severity rating scale).
    pub fn scored(score: f64) -> Severity {
        match score {
            9.0.. => Severity::Critical,
            7.0.. => Severity::High,
            4.0.. => Severity::Medium,
            _ if score > 0.0 => Severity::Low,
            _ => Severity::Info,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// A path relative to the repository's root, a URL, or an operation.
    pub path: String,
    /// From 1, if the tool reports one.
    pub line: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub tool: String,
    /// The tool's name of the rule: `RUSTSEC-2020-0071`, `DL3007`.
    pub rule: String,
    pub severity: Severity,
    /// One line.
    pub message: String,
    pub location: Option<Location>,
    /// The affected package, as a package URL (purl).
    pub package: Option<String>,
    /// Other names of the defect: CVE, GHSA, CWE-NNN.
    pub aliases: Vec<String>,
    /// The id of the waiver that covers it.
    pub waiver: Option<String>,
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.path)?;
        self.line.map_or(Ok(()), |line| write!(out, ":{line}"))
    }
}

impl Finding {
    /// A finding of medium severity without a location.
    pub fn new(tool: &str, rule: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding {
            tool: tool.to_owned(),
            rule: rule.into(),
            severity: Severity::Medium,
            message: message.into(),
            location: None,
            package: None,
            aliases: Vec::new(),
            waiver: None,
        }
    }

    pub fn rated(mut self, severity: Severity) -> Finding {
        self.severity = severity;
        self
    }

    /// Line 0, which some tools report, is none.
    pub fn at(mut self, path: impl Into<String>, line: Option<u64>) -> Finding {
        let (path, line) = (path.into(), line.filter(|line| *line > 0));
        self.location = Some(Location { path, line });
        self
    }

    pub fn path(&self) -> Option<&str> {
        self.location.as_ref().map(|location| location.path.as_str())
    }

    pub fn line(&self) -> Option<u64> {
        self.location.as_ref()?.line
    }

    pub fn with_aliases(mut self, aliases: impl IntoIterator<Item = String>) -> Finding {
        self.aliases = aliases.into_iter().collect();
        self
    }

    pub fn in_package(mut self, name: &str, version: &str) -> Finding {
        self.package = Some(format!("pkg:cargo/{name}@{version}"));
        self
    }

    /// Identifies the finding across runs, even if lines move: 32 hexadecimal digits over tool, rule, path and package.
    pub fn fingerprint(&self) -> String {
        let path = self.path().unwrap_or_default();
        let package = self.package.as_deref().unwrap_or_default();
        let text = [self.tool.as_str(), &self.rule, path, package].join("\n");
        checksum::of(text)[..32].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_scores_are_rated_alike() {
        assert_eq!(Severity::named("CRITICAL"), Severity::scored(9.8));
        assert_eq!(Severity::named("error"), Severity::scored(7.0));
        assert_eq!(Severity::named("UNKNOWN"), Severity::scored(6.9));
        assert_eq!(Severity::named("note"), Severity::scored(0.1));
        assert_eq!(Severity::named("Informational"), Severity::scored(0.0));
    }

    #[test]
    fn a_fingerprint_ignores_lines_and_distinguishes_paths() {
        let one = Finding::new("hadolint", "DL3007", "latest").at("Dockerfile", Some(1));
        let moved = one.clone().at("Dockerfile", Some(9));
        let elsewhere = one.clone().at("other/Dockerfile", Some(1));
        assert_eq!(one.fingerprint(), moved.fingerprint());
        assert_ne!(one.fingerprint(), elsewhere.fingerprint());
        assert_eq!(one.fingerprint().len(), 32);
    }
}
