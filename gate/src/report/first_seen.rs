//! When a run on this machine saw a finding first, by fingerprint: `first-seen.json` in the gate's folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Days, Utc};
use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// What nobody has seen for so long is forgotten.
const KEPT: Days = Days::new(365);

/// Sights of this and of earlier runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstSeen {
    now: String,
    sights: BTreeMap<String, Span>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl FirstSeen {
    /// What the file remembers, and what is seen now. A file that is not to be read begins anew: it decides no verdict.
    pub fn read<'a>(
        file: &Path,
        findings: impl Iterator<Item = &'a Finding>,
        now: DateTime<Utc>,
    ) -> FirstSeen {
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut sights: BTreeMap<String, Span> = serde_json::from_str(&text).unwrap_or_default();
        for finding in findings {
            let new = Span {
                first: now,
                last: now,
            };
            let span = sights.entry(finding.fingerprint()).or_insert(new);
            span.last = span.last.max(now);
        }
        let oldest = now.checked_sub_days(KEPT).unwrap_or(now);
        sights.retain(|_, span| span.last >= oldest);
        FirstSeen {
            now: now.to_rfc3339(),
            sights,
        }
    }

    /// When a finding was seen first: RFC 3339.
    pub fn of(&self, fingerprint: &str) -> String {
        let span = self.sights.get(fingerprint);
        span.map_or(self.now.clone(), |span| span.first.to_rfc3339())
    }

    /// Remembers it for later runs.
    pub fn write(&self, file: &Path) -> Result<()> {
        let aside = file.with_extension("new");
        let text = serde_json::to_string_pretty(&self.sights)?;
        fs::create_dir_all(file.parent().unwrap_or(file))
            .and_then(|()| fs::write(&aside, text + "\n"))
            .and_then(|()| fs::rename(&aside, file))
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::slice::from_ref;

    #[test]
    fn the_first_sight_outlives_runs_and_is_forgotten_after_a_year_without_one() {
        let file = std::env::temp_dir().join(format!("xtask-first-seen-{}.json", std::process::id()));
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
            "not seen for more than a year: new again"
        );
        assert!(seen.of(&new.fingerprint()).starts_with("2026-02-01"));
        fs::remove_file(&file).unwrap();
    }
}
