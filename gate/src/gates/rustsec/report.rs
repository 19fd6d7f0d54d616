//! cargo-audit's JSON report on a lock file, or on a program that lists its packages.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::{Finding, Severity};

#[derive(Debug, Deserialize)]
pub struct Report {
    database: Database,
    lockfile: Lockfile,
    settings: Settings,
    vulnerabilities: Vulnerabilities,
    /// By kind: `unmaintained`, `unsound`, `yanked`, `notice`.
    #[serde(default)]
    warnings: BTreeMap<String, Vec<Entry>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Database {
    advisory_count: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Lockfile {
    dependency_count: u64,
}

#[derive(Debug, Deserialize)]
struct Settings {
    #[serde(default)]
    ignore: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Vulnerabilities {
    count: u64,
    list: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    advisory: Option<Advisory>,
    package: Package,
}

/// An advisory, as cargo-deny reports it too.
#[derive(Debug, Deserialize)]
pub struct Advisory {
    pub id: String,
    pub title: String,
    #[serde(default)]
    pub aliases: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
}

impl Report {
    /// The number of advisories in the database: an empty folder is a database without any, and no error.
    pub fn advisories(&self) -> u64 {
        self.database.advisory_count
    }

    /// The number of packages, the workspace's own included.
    pub fn packages(&self) -> u64 {
        self.lockfile.dependency_count
    }

    /// Vulnerabilities and warnings: only the ledger decides what is accepted.
    pub fn findings(self, tool: &str) -> Result<Vec<Finding>, String> {
        let Vulnerabilities { count, list } = self.vulnerabilities;
        if !self.settings.ignore.is_empty() {
            return Err(format!(
                "advisories are ignored: {}",
                self.settings.ignore.join(", ")
            ));
        }
        if count != list.len() as u64 {
            return Err(format!("{count} vulnerabilities counted, {} listed", list.len()));
        }
        // cargo-audit does not rate them here: a known vulnerability is high until it is assessed.
        let vulnerabilities = list
            .into_iter()
            .map(|entry| entry.finding(tool, "vulnerable", Severity::High));
        let warnings = self.warnings.into_iter().flat_map(|(kind, entries)| {
            let severity = if kind == "unsound" {
                Severity::Medium
            } else {
                Severity::Low
            };
            let entries = entries.into_iter();
            entries.map(move |entry| entry.finding(tool, &kind, severity))
        });
        Ok(vulnerabilities.chain(warnings).collect())
    }
}

impl Entry {
    fn finding(self, tool: &str, kind: &str, severity: Severity) -> Finding {
        let Package { name, version } = self.package;
        let advisory = self.advisory.unwrap_or_else(|| Advisory {
            id: kind.to_owned(),
            title: format!("this version is {kind}"),
            aliases: Vec::new(),
        });
        Finding::new(tool, advisory.id, format!("{name} {version}: {}", advisory.title))
            .rated(severity)
            .in_package(&name, &version)
            .with_aliases(advisory.aliases)
    }
}

/// Adds the line of the finding's package in the lock file.
pub fn at_line(finding: Finding, lock: &str) -> Finding {
    let package = finding.package.as_deref();
    let line = package.and_then(|package| line_of(lock, package));
    finding.at("Cargo.lock", line)
}

fn line_of(lock: &str, purl: &str) -> Option<u64> {
    let (name, version) = purl.strip_prefix("pkg:cargo/")?.split_once('@')?;
    let (name, version) = (format!("name = \"{name}\""), format!("version = \"{version}\""));
    let lines: Vec<&str> = lock.lines().collect();
    let index = lines.windows(2).position(|pair| pair == [&name, &version])?;
    Some(index as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// cargo-audit 0.22.2 over a lock file with time 0.1.44, shortened.
    const REPORT: &str = r#"{"database":{"advisory-count":1225,"last-commit":null,"last-updated":null},
        "lockfile":{"dependency-count":7},
        "settings":{"target_arch":[],"target_os":[],"severity":null,"ignore":[],"informational_warnings":["unmaintained","unsound","notice"]},
        "vulnerabilities":{"found":true,"count":1,"list":[{"advisory":{"id":"RUSTSEC-2020-0071","package":"time",
            "title":"Potential segfault in the time crate","description":"…","date":"2020-11-18",
            "aliases":["CVE-2020-26235","GHSA-wcg3-cvx6-7396"],"related":[],"collection":"crates","categories":[],"keywords":[],
            "cvss":"CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H","informational":null,"references":[],"source":null,
            "url":null,"withdrawn":null,"license":"CC0-1.0"},"versions":{"patched":[">=0.2.23"],"unaffected":[]},
            "affected":null,"package":{"name":"time","version":"0.1.44","source":null,"checksum":null,"dependencies":[],"replace":null}}]},
        "warnings":{"yanked":[{"kind":"yanked","package":{"name":"old","version":"1.0.0"},"advisory":null}]}}"#;

    #[test]
    fn vulnerabilities_and_warnings_are_found_with_their_aliases() {
        let report: Report = serde_json::from_str(REPORT).unwrap();
        assert_eq!((report.advisories(), report.packages()), (1225, 7));
        let findings = report.findings("cargo-audit").unwrap();
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(rules, ["RUSTSEC-2020-0071", "yanked"]);
        assert!(findings[0].aliases.contains(&"CVE-2020-26235".to_owned()));
        assert_eq!(findings[0].package.as_deref(), Some("pkg:cargo/time@0.1.44"));
    }

    #[test]
    fn an_ignored_or_missing_advisory_is_an_error() {
        let ignoring = REPORT.replace("\"ignore\":[]", "\"ignore\":[\"RUSTSEC-2020-0071\"]");
        let report: Report = serde_json::from_str(&ignoring).unwrap();
        let error = report.findings("cargo-audit").unwrap_err();
        assert!(error.contains("RUSTSEC-2020-0071"));
        let short = REPORT.replace("\"count\":1", "\"count\":2");
        let report: Report = serde_json::from_str(&short).unwrap();
        assert!(report.findings("cargo-audit").is_err());
    }

    #[test]
    fn a_package_has_its_line() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"a\"\nversion = \"2.0.0\"\n";
        assert_eq!(line_of(lock, "pkg:cargo/a@2.0.0"), Some(8));
        assert_eq!(line_of(lock, "pkg:cargo/b@2.0.0"), None);
    }
}
