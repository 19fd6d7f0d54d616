//! When a run on this machine first reported a finding, by fingerprint: `first-seen.json` in the gate's folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Days, Utc};
use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// How long a finding is remembered after its last report.
const RETENTION: Days = Days::new(365);

/// The findings of this run and of earlier ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstSeen {
    now: String,
    by_fingerprint: BTreeMap<String, Span>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl FirstSeen {
    /// Reads the file and adds the findings of this run. An unreadable file is replaced, since it affects no verdict.
    pub fn read<'a>(
        file: &Path,
        findings: impl Iterator<Item = &'a Finding>,
        now: DateTime<Utc>,
    ) -> FirstSeen {
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut by_fingerprint: BTreeMap<String, Span> = serde_json::from_str(&text).unwrap_or_default();
        for finding in findings {
            let span = by_fingerprint.entry(finding.fingerprint());
            let span = span.or_insert(Span {
                first: now,
                last: now,
            });
            span.last = span.last.max(now);
        }
        let oldest = now.checked_sub_days(RETENTION).unwrap_or(now);
        by_fingerprint.retain(|_, span| span.last >= oldest);
        FirstSeen {
            now: now.to_rfc3339(),
            by_fingerprint,
        }
    }

    /// When a finding was first reported: RFC 3339.
    pub fn of(&self, fingerprint: &str) -> String {
        let span = self.by_fingerprint.get(fingerprint);
        span.map_or(self.now.clone(), |span| span.first.to_rfc3339())
    }

    /// Saves it for later runs.
    pub fn write(&self, file: &Path) -> Result<()> {
        let temporary = file.with_extension("new");
        let text = serde_json::to_string_pretty(&self.by_fingerprint)?;
        fs::create_dir_all(file.parent().unwrap_or(file))
            .and_then(|()| fs::write(&temporary, text + "\n"))
            .and_then(|()| fs::rename(&temporary, file))
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_tree::TestTree;
    use std::slice::from_ref;

    #[test]
    fn a_first_report_outlives_runs_and_is_forgotten_a_year_after_the_last() {
        let tree = TestTree::new("first-seen");
        let file = tree.folder.join("first-seen.json");
        let day = |text: &str| -> DateTime<Utc> { format!("{text}T08:00:00Z").parse().unwrap() };
        let (old, new) = (Finding::new("t", "OLD", ""), Finding::new("t", "NEW", ""));
        fs::write(&file, "{ broken").unwrap();
        let read = |findings: &[Finding], now: &str| {
            let seen = FirstSeen::read(&file, findings.iter(), day(now));
            seen.write(&file).unwrap();
            seen
        };
        read(from_ref(&old), "2026-01-01");
        let seen = read(&[old.clone(), new.clone()], "2026-02-01");
        assert!(seen.of(&old.fingerprint()).starts_with("2026-01-01"));
        assert!(seen.of(&new.fingerprint()).starts_with("2026-02-01"));
        let seen = read(from_ref(&new), "2027-02-02");
        assert!(
            seen.of(&old.fingerprint()).starts_with("2027-02-02"),
            "not reported for more than a year"
        );
        assert!(seen.of(&new.fingerprint()).starts_with("2026-02-01"));
    }
}
