//! The entries of the ledger: marks what they cover; says nothing of whether they are in order.

use chrono::NaiveDate;

use crate::finding::Finding;
use crate::waivers::entry::Waiver;
use crate::waivers::violation::Violation;

/// The ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Its entries, as far as they are well formed.
    pub waiver: Vec<Waiver>,
    /// What could not be read; it covers nothing.
    pub malformed: Vec<Violation>,
}

impl Ledger {
    /// The entries for this tool.
    pub fn of<'a>(&'a self, tool: &'a str) -> impl Iterator<Item = &'a Waiver> {
        let is_for = move |waiver: &&Waiver| waiver.tools.iter().any(|name| name == tool);
        self.waiver.iter().filter(is_for)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waivers::parse;

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
        let ledger = parse::ledger(LEDGER);
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
        assert_eq!(marked(&mut findings, "2026-10-31"), [false; 4], "not yet written");
        let text = LEDGER.replace("2027-01-15", "2027-01-31");
        let one = LEDGER.replace("quick-xml@", "quick-xml@0.36.2");
        parse::ledger(&one).mark(&mut findings, "2026-11-02".parse().unwrap());
        assert!(findings[0].waiver.is_some(), "this version");
        let other = LEDGER.replace("quick-xml@", "quick-xml@0.36");
        parse::ledger(&other).mark(&mut findings, "2026-11-02".parse().unwrap());
        assert!(findings[0].waiver.is_none(), "no beginning of a version");
        parse::ledger(&text).mark(&mut findings, "2026-11-02".parse().unwrap());
        assert!(
            findings[0].waiver.is_none(),
            "91 days are too long to count at all"
        );
    }
}
