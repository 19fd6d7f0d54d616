//! trivy's JSON report.

use serde::Deserialize;

use crate::finding::{Finding, Severity};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// One for each file or kind of package; absent for an empty folder.
    #[serde(default)]
    results: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    /// A path relative to the scanned folder, or a name.
    target: String,
    /// `dockerfile`, `terraform`, `cargo`.
    #[serde(default)]
    r#type: String,
    misconf_summary: Option<Checks>,
    #[serde(default)]
    misconfigurations: Vec<Issue>,
    #[serde(default)]
    secrets: Vec<Issue>,
    #[serde(default)]
    vulnerabilities: Vec<Issue>,
    /// With `--list-all-pkgs`.
    #[serde(default)]
    packages: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Checks {
    successes: u64,
    failures: u64,
}

/// A misconfiguration, a secret or a vulnerability.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Issue {
    #[serde(alias = "ID", alias = "RuleID", alias = "VulnerabilityID")]
    id: String,
    #[serde(default)]
    title: String,
    severity: String,
    /// Of a secret.
    start_line: Option<u64>,
    #[serde(default)]
    cause_metadata: Cause,
    /// Of a vulnerability, like all that follows.
    pkg_name: Option<String>,
    #[serde(default)]
    installed_version: String,
    #[serde(default)]
    pkg_identifier: Identifier,
    #[serde(default, rename = "CweIDs")]
    weaknesses: Vec<String>,
    #[serde(default, rename = "VendorIDs")]
    vendor_ids: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Cause {
    start_line: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Identifier {
    #[serde(rename = "PURL")]
    purl: Option<String>,
}

impl Report {
    /// Findings of every kind; `relative` turns a target into a path of the repository.
    pub fn findings(&self, relative: impl Fn(&str) -> String) -> Vec<Finding> {
        let mut findings = Vec::new();
        for part in &self.results {
            let path = relative(&part.target);
            let issues = part.misconfigurations.iter().chain(&part.secrets);
            let issues = issues.chain(&part.vulnerabilities);
            findings.extend(issues.map(|issue| issue.finding(&path)));
        }
        findings
    }

    /// The number of targets of this kind for which at least one check ran.
    pub fn checked(&self, kind: &str) -> u64 {
        let parts = self.results.iter().filter(|part| part.r#type == kind);
        let checks = parts.filter_map(|part| part.misconf_summary.as_ref());
        checks
            .filter(|checks| checks.successes + checks.failures > 0)
            .count() as u64
    }

    /// The number of listed packages.
    pub fn packages(&self) -> u64 {
        self.results.iter().map(|part| part.packages.len() as u64).sum()
    }
}

impl Issue {
    fn finding(&self, path: &str) -> Finding {
        let title = &self.title;
        let message = match &self.pkg_name {
            Some(package) => format!("{package} {}: {title}", self.installed_version),
            None => title.clone(),
        };
        let line = self.start_line.or(self.cause_metadata.start_line);
        let finding = Finding::new("trivy", &self.id, message)
            .rated(Severity::named(&self.severity))
            .at(path, line)
            .with_aliases(self.weaknesses.iter().chain(&self.vendor_ids).cloned());
        Finding {
            package: self.pkg_identifier.purl.clone(),
            ..finding
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::{ScanError, parse_json};

    fn parse(json: &str) -> Result<Report, ScanError> {
        parse_json(json, "report")
    }

    const ALL: &str = r#"{"SchemaVersion":2,"Results":[
        {"Target":"Dockerfile","Class":"config","Type":"dockerfile","MisconfSummary":{"Successes":22,"Failures":1},
         "Misconfigurations":[{"Type":"Dockerfile Security Check","ID":"DS-0001","Title":"':latest' tag used","Severity":"MEDIUM",
           "Status":"FAIL","CauseMetadata":{"Provider":"Dockerfile","StartLine":1,"EndLine":1}}]},
        {"Target":"a/key.pem","Class":"secret","Secrets":[{"RuleID":"private-key","Category":"AsymmetricPrivateKey","Severity":"HIGH",
           "Title":"Asymmetric Private Key","StartLine":2,"EndLine":14,"Match":"****"}]},
        {"Target":"Cargo.lock","Class":"lang-pkgs","Type":"cargo","Packages":[{"Name":"time"}],
         "Vulnerabilities":[{"VulnerabilityID":"CVE-2020-26235","VendorIDs":["RUSTSEC-2020-0071"],"PkgName":"time",
           "PkgIdentifier":{"PURL":"pkg:cargo/time@0.1.44"},"InstalledVersion":"0.1.44","Severity":"MEDIUM","Title":"Segmentation fault in time",
           "CweIDs":["CWE-476"]}]}]}"#;

    #[test]
    fn every_kind_of_finding_is_read() {
        let report = parse(ALL).unwrap();
        let findings = report.findings(|target| format!("x/{target}"));
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(rules, ["DS-0001", "private-key", "CVE-2020-26235"]);
        assert_eq!(findings[1].severity, Severity::High);
        assert_eq!(findings[1].path(), Some("x/a/key.pem"));
        assert_eq!(findings[2].package.as_deref(), Some("pkg:cargo/time@0.1.44"));
        assert_eq!(findings[2].aliases, ["CWE-476", "RUSTSEC-2020-0071"]);
        assert_eq!(
            (report.checked("dockerfile"), report.checked("terraform")),
            (1, 0)
        );
        assert_eq!(report.packages(), 1);
    }

    #[test]
    fn a_report_without_results_counts_nothing() {
        let empty = parse(r#"{"SchemaVersion":2,"ArtifactName":"empty"}"#).unwrap();
        assert_eq!((empty.checked("dockerfile"), empty.packages()), (0, 0));
        assert!(empty.findings(str::to_owned).is_empty() && parse("").is_err());
    }
}
