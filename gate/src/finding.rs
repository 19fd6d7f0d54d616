//! One defect that a tool found, in words that all tools share; knows no tool.

use harness::checksum;
use serde::{Deserialize, Serialize};

/// How bad, as the tool says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Low.
    Low,
    /// Medium, and whatever a tool does not rate.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// By the word that a tool uses. `error`, `warning`, `note` and the rest are those of compilers and of SARIF.
    pub fn named(word: &str) -> Severity {
        match word.to_ascii_lowercase().as_str() {
            "critical" => Severity::Critical,
            "high" | "error" => Severity::High,
            "low" | "note" | "notice" => Severity::Low,
            "info" | "informational" | "style" | "none" => Severity::Info,
            _ => Severity::Medium,
        }
    }

    /// By a CVSS base score (CVSS v4.0 §6: qualitative ratings).
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

/// Where a defect is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// A path relative to the repository's root, or a URL.
    pub path: String,
    /// The line, from 1, where the tool tells one.
    pub line: Option<u64>,
}

/// One defect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The tool's name, as in the table of tools.
    pub tool: String,
    /// The tool's own name of the rule: `RUSTSEC-2020-0071`, `DL3007`.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// One line for people.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
    /// The package that has it, as a package URL (purl).
    pub package: Option<String>,
    /// The same defect by other names: CVE, GHSA, CWE-NNN.
    pub aliases: Vec<String>,
    /// The waiver that covers it.
    pub waiver: Option<String>,
}

impl Finding {
    /// A finding of medium severity without more.
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

    /// As bad as this.
    pub fn rated(mut self, severity: Severity) -> Finding {
        self.severity = severity;
        self
    }

    /// At this place.
    pub fn at(mut self, path: impl Into<String>, line: Option<u64>) -> Finding {
        self.location = Some(Location {
            path: path.into(),
            line,
        });
        self
    }

    /// The same in every run, however lines move: of tool, rule, path and package. Hexadecimal, 32 digits.
    pub fn fingerprint(&self) -> String {
        let path = self.location.as_ref().map_or("", |location| &location.path);
        let package = self.package.as_deref().unwrap_or_default();
        let text = [self.tool.as_str(), &self.rule, path, package].join("\n");
        checksum::of(text)[..32].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_words_and_scores_are_rated_alike() {
        assert_eq!(Severity::named("CRITICAL"), Severity::scored(9.8));
        assert_eq!(Severity::named("error"), Severity::scored(7.0));
        assert_eq!(Severity::named("UNKNOWN"), Severity::scored(6.9));
        assert_eq!(Severity::named("note"), Severity::scored(0.1));
        assert_eq!(Severity::named("Informational"), Severity::scored(0.0));
    }

    #[test]
    fn a_fingerprint_outlives_moved_lines_and_tells_places_apart() {
        let one = Finding::new("hadolint", "DL3007", "latest").at("Dockerfile", Some(1));
        let moved = one.clone().at("Dockerfile", Some(9));
        let elsewhere = one.clone().at("other/Dockerfile", Some(1));
        assert_eq!(one.fingerprint(), moved.fingerprint());
        assert_ne!(one.fingerprint(), elsewhere.fingerprint());
        assert_eq!(one.fingerprint().len(), 32);
    }
}
