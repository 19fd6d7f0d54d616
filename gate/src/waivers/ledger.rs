//! Reads the ledger entry by entry, so that a malformed entry is reported and the others remain valid; marks covered findings.

use std::path::Path;

use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;

use crate::finding::Finding;
use crate::waivers::entry::{FILE, Waiver};
use crate::waivers::violation::{MALFORMED, Violation};

/// The ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The well-formed entries.
    pub waivers: Vec<Waiver>,
    /// Entries that cannot be read; they cover nothing.
    pub malformed: Vec<Violation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    waiver: Vec<Spanned<toml::Table>>,
}

impl Ledger {
    /// Reads the ledger of the tree; a missing file is an empty ledger.
    pub fn read(root: &Path) -> Result<Ledger> {
        match std::fs::read_to_string(root.join(FILE)) {
            Ok(text) => Ok(Ledger::parse(&text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Ledger::default()),
            Err(error) => Err(error).context(FILE),
        }
    }

    /// Parses the ledger's text.
    pub fn parse(text: &str) -> Ledger {
        let mut ledger = Ledger::default();
        let raw: Raw = match toml::from_str(text) {
            Ok(raw) => raw,
            Err(error) => {
                let line = error.span().map(|span| line_of(text, span.start));
                let what = format!("the ledger cannot be read: {}", error.message());
                ledger.malformed = vec![Violation::new(MALFORMED, FILE, line, what)];
                return ledger;
            }
        };
        for raw in raw.waiver {
            let line = line_of(text, raw.span().start);
            let table = raw.into_inner();
            let id = table.get("id").and_then(toml::Value::as_str);
            let name = id.map_or_else(|| format!("the entry at line {line}"), str::to_owned);
            match entry(table) {
                Ok(waiver) => ledger.waivers.push(Waiver { line, ..waiver }),
                Err(why) => {
                    let what = format!("{name}: {why}");
                    ledger
                        .malformed
                        .push(Violation::new(MALFORMED, FILE, Some(line), what));
                }
            }
        }
        ledger
    }

    /// The entries for this tool.
    pub fn of<'a>(&'a self, tool: &'a str) -> impl Iterator<Item = &'a Waiver> {
        let is_for = move |waiver: &&Waiver| waiver.tools.iter().any(|name| name == tool);
        self.waivers.iter().filter(is_for)
    }

    /// Marks each finding that an entry covers on this day.
    pub fn mark(&self, findings: &mut [Finding], today: NaiveDate) {
        for finding in findings {
            let covers = |waiver: &&Waiver| waiver.is_valid_on(today) && waiver.covers(finding);
            finding.waiver = self.waivers.iter().find(covers).map(|waiver| waiver.id.clone());
        }
    }
}

/// Dates are checked first, for a clearer message than the deserializer's.
fn entry(table: toml::Table) -> Result<Waiver, String> {
    for date in ["created", "expires"] {
        let Some(value) = table.get(date) else { continue };
        let text = value.as_str().ok_or(format!("{date} is not a string"))?;
        let _valid: NaiveDate = text
            .parse()
            .map_err(|_| format!("{date} is {text:?}, not a date like 2026-12-31"))?;
    }
    table
        .try_into()
        .map_err(|error: toml::de::Error| error.message().to_owned())
}

/// The line of this byte, from 1.
pub(super) fn line_of(text: &str, byte: usize) -> u64 {
    text.get(..byte).unwrap_or_default().matches('\n').count() as u64 + 1
}

/// An entry's text, valid from 2026-11-01 to 2026-12-01; `more` are further lines.
#[cfg(test)]
pub fn sample_entry(tool: &str, rule: &str, more: &str) -> String {
    format!(
        "[[waiver]]\nid = \"W-1\"\ntools = [\"{tool}\"]\nrule = \"{rule}\"\n{more}\nreason = \"r\"\nowner = \"o\"\n\
         created = \"2026-11-01\"\nexpires = \"2026-12-01\"\nlink = \"#1\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiver_covers_only_its_finding_and_until_its_last_day() {
        let package = |version: &str| {
            let text = sample_entry(
                "cargo-deny",
                "RUSTSEC-2026-0194",
                &format!("package = \"pkg:cargo/quick-xml@{version}\""),
            );
            text.replace("[\"cargo-deny\"]", "[\"cargo-audit\", \"cargo-deny\"]")
                .replace("2026-12-01", "2027-01-15")
        };
        let ledger = Ledger::parse(&package(""));
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
        let marked = |findings: &mut [Finding], ledger: &Ledger, day: &str| -> Vec<bool> {
            ledger.mark(findings, day.parse().unwrap());
            findings.iter().map(|finding| finding.waiver.is_some()).collect()
        };
        assert_eq!(
            marked(&mut findings, &ledger, "2027-01-15"),
            [true, false, false, true]
        );
        assert_eq!(marked(&mut findings, &ledger, "2027-01-16"), [false; 4]);
        assert_eq!(
            marked(&mut findings, &ledger, "2026-10-31"),
            [false; 4],
            "not yet valid"
        );
        for (text, covered, what) in [
            (package("0.36.2"), true, "the same version"),
            (package("0.36"), false, "a prefix of a version"),
            (
                package("").replace("2027-01-15", "2027-01-31"),
                false,
                "91 days are never valid",
            ),
        ] {
            let marks = marked(&mut findings, &Ledger::parse(&text), "2026-11-02");
            assert_eq!(marks[0], covered, "{what}");
        }
    }
}
