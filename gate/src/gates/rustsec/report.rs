//! What cargo-audit says, in its JSON: about a lock file, or about a binary that carries one; runs nothing.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::{Finding, Severity};

/// Its report.
#[derive(Debug, Deserialize)]
pub struct Report {
    /// What it compared with.
    pub database: Database,
    /// What it looked at.
    pub lockfile: Lockfile,
    settings: Settings,
    vulnerabilities: Vulnerabilities,
    /// By kind: `unmaintained`, `unsound`, `yanked`, `notice`.
    #[serde(default)]
    warnings: BTreeMap<String, Vec<Entry>>,
}

/// What it compared with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Database {
    /// An empty folder is a database of none, and no error.
    pub advisory_count: u64,
}

/// What it looked at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lockfile {
    /// Packages, our own included.
    pub dependency_count: u64,
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

#[derive(Debug, Deserialize)]
struct Advisory {
    id: String,
    title: String,
    #[serde(default)]
    aliases: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
}

impl Report {
    /// Its findings: vulnerabilities, and its warnings too. The ledger decides what is accepted, not the kind.
    pub fn findings(self, tool: &str) -> Result<Vec<Finding>, String> {
        if !self.settings.ignore.is_empty() {
            return Err(format!(
                "it was told to ignore {}",
                self.settings.ignore.join(", ")
            ));
        }
        if self.vulnerabilities.count != self.vulnerabilities.list.len() as u64 {
            return Err(format!(
                "it counts {} vulnerabilities and lists {}",
                self.vulnerabilities.count,
                self.vulnerabilities.list.len()
            ));
        }
        // It rates none here: a known vulnerability counts as high until somebody has looked.
        let vulnerabilities = self.vulnerabilities.list.into_iter();
        let vulnerabilities = vulnerabilities.map(|entry| entry.finding(tool, "vulnerable", Severity::High));
        let warnings = self.warnings.into_iter().flat_map(|(kind, entries)| {
            let severity = match kind.as_str() {
                "unsound" => Severity::Medium,
                _ => Severity::Low,
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
        let (rule, title, aliases) = match self.advisory {
            Some(advisory) => (advisory.id, advisory.title, advisory.aliases),
            None => (kind.to_owned(), format!("this version is {kind}"), Vec::new()),
        };
        let mut finding = Finding::new(tool, rule, format!("{name} {version}: {title}")).rated(severity);
        finding.package = Some(format!("pkg:cargo/{name}@{version}"));
        finding.aliases = aliases;
        finding
    }
}

/// The line of a package in a lock file.
pub fn line_of(lock: &str, purl: &str) -> Option<u64> {
    let (name, version) = purl.strip_prefix("pkg:cargo/")?.split_once('@')?;
    let (name, version) = (format!("name = \"{name}\""), format!("version = \"{version}\""));
    let lines: Vec<&str> = lock.lines().collect();
    let place = lines.windows(2).position(|pair| pair == [&name, &version])?;
    Some(place as u64 + 1)
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
    fn vulnerabilities_and_warnings_are_found_with_their_other_names() {
        let report: Report = serde_json::from_str(REPORT).unwrap();
        assert_eq!(
            (report.database.advisory_count, report.lockfile.dependency_count),
            (1225, 7)
        );
        let findings = report.findings("cargo-audit").unwrap();
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(rules, ["RUSTSEC-2020-0071", "yanked"]);
        assert!(findings[0].aliases.contains(&"CVE-2020-26235".to_owned()));
        assert_eq!(findings[0].package.as_deref(), Some("pkg:cargo/time@0.1.44"));
    }

    #[test]
    fn what_was_ignored_or_left_out_is_no_silence() {
        let ignoring = REPORT.replace("\"ignore\":[]", "\"ignore\":[\"RUSTSEC-2020-0071\"]");
        let report: Report = serde_json::from_str(&ignoring).unwrap();
        assert!(
            report
                .findings("cargo-audit")
                .unwrap_err()
                .contains("RUSTSEC-2020-0071")
        );
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
