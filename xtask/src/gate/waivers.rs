//! The waiver ledger `security/waivers.toml`: which findings are accepted, by whom, why, and until when.

use std::path::Path;

use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::finding::Finding;

/// Where it is, below the root.
pub const FILE: &str = "security/waivers.toml";

/// One accepted finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Its own name: `W-1`.
    pub id: String,
    /// The tools whose finding it covers, as in the table of tools.
    pub tools: Vec<String>,
    /// The rule, or one of its aliases.
    pub rule: String,
    /// Only there: a path of the repository, or the beginning of one that ends in `/`, or a URL.
    pub path: Option<String>,
    /// Only in this package: the beginning of a package URL.
    pub package: Option<String>,
    /// Why it is accepted, and what stands in for the fix.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// When it was written.
    pub created: NaiveDate,
    /// The last day on which it counts: at most 90 days later.
    pub expires: NaiveDate,
    /// Where it is discussed.
    pub link: String,
}

/// The ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Its entries.
    #[serde(default)]
    pub waiver: Vec<Waiver>,
}

impl Ledger {
    /// Reads it; none is an empty one.
    ///
    /// # Errors
    /// Names the entry and the field that is missing or malformed.
    pub fn read(root: &Path) -> Result<Ledger> {
        match std::fs::read_to_string(root.join(FILE)) {
            Ok(text) => toml::from_str(&text).context(FILE),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Ledger::default()),
            Err(error) => Err(error).context(FILE),
        }
    }

    /// Marks each finding that an entry covers on this day.
    pub fn mark(&self, findings: &mut [Finding], today: NaiveDate) {
        for finding in findings {
            finding.waiver = self
                .waiver
                .iter()
                .find(|waiver| waiver.counts_on(today) && waiver.covers(finding))
                .map(|waiver| waiver.id.clone());
        }
    }
}

impl Waiver {
    /// Whether it counts on this day.
    #[must_use]
    pub fn counts_on(&self, today: NaiveDate) -> bool {
        today <= self.expires
    }

    /// Whether this is the finding.
    #[must_use]
    pub fn covers(&self, finding: &Finding) -> bool {
        let rule = finding.rule == self.rule || finding.aliases.contains(&self.rule);
        let path = self.path.as_ref().is_none_or(|wanted| {
            finding.location.as_ref().is_some_and(|location| {
                location.path == *wanted || (wanted.ends_with('/') && location.path.starts_with(wanted))
            })
        });
        let package = self.package.as_ref().is_none_or(|wanted| {
            let package = finding.package.as_deref().unwrap_or_default();
            package.starts_with(wanted.as_str())
        });
        self.tools.contains(&finding.tool) && rule && path && package
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEDGER: &str = r#"
        [[waiver]]
        id = "W-1"
        tools = ["cargo-audit", "cargo-deny"]
        rule = "RUSTSEC-2026-0194"
        package = "pkg:cargo/quick-xml@"
        reason = "no XML is read"
        owner = "somebody"
        created = "2026-11-01"
        expires = "2027-01-15"
        link = "https://example.org/1"
    "#;

    #[test]
    fn a_waiver_covers_just_its_finding_and_until_its_last_day() {
        let ledger: Ledger = toml::from_str(LEDGER).unwrap();
        let mut finding = Finding::new("cargo-audit", "RUSTSEC-2026-0194", "slow");
        finding.package = Some("pkg:cargo/quick-xml@0.36.2".into());
        let other_tool = Finding {
            tool: "trivy".into(),
            ..finding.clone()
        };
        let other_package = Finding {
            package: None,
            ..finding.clone()
        };
        let mut alias = Finding::new("cargo-deny", "CVE-2026-1", "slow");
        alias.package.clone_from(&finding.package);
        alias.aliases.push("RUSTSEC-2026-0194".into());
        let mut findings = [finding, other_tool, other_package, alias];
        let marked = |findings: &mut [Finding], day: &str| -> Vec<bool> {
            ledger.mark(findings, day.parse().unwrap());
            findings.iter().map(|finding| finding.waiver.is_some()).collect()
        };
        assert_eq!(marked(&mut findings, "2027-01-15"), [true, false, false, true]);
        assert_eq!(marked(&mut findings, "2027-01-16"), [false; 4]);
    }
}
