//! RustSec's advisory database as one run uses it, and its age.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::finding::Finding;
use crate::scan_result::{Database, ScanResult};

/// In days. An older database says nothing about today.
const MAX_AGE: i64 = 90;

#[derive(Debug, Clone)]
pub struct Advisories {
    pub clone: PathBuf,
    /// The folder of the clone, which cargo-deny expects.
    pub parent: PathBuf,
    pub database: Database,
    pub limits: Vec<String>,
}

impl Advisories {
    /// The result of a scan that used the database.
    pub fn result(&self, findings: impl IntoIterator<Item = Finding>, now: DateTime<Utc>) -> ScanResult {
        ScanResult {
            databases: vec![self.database.clone()],
            inconclusive: self.outdated(now),
            limits: self.limits.clone(),
            ..ScanResult::of(findings)
        }
    }

    /// Why the database is too old, by its newest commit: the times of the clone's files are always of today.
    fn outdated(&self, now: DateTime<Utc>) -> Option<String> {
        let date = DateTime::parse_from_rfc3339(&self.database.date).ok()?;
        let days = now.signed_duration_since(date).num_days();
        (days > MAX_AGE).then(|| {
            format!("the advisory database is {days} days old, expected at most {MAX_AGE}; see --advisory-db")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_counts_for_ninety_days_from_its_newest_commit() {
        let advisories = Advisories {
            clone: PathBuf::new(),
            parent: PathBuf::new(),
            database: Database {
                name: "RustSec advisory-db".to_owned(),
                date: "2026-08-20T23:28:40-07:00".to_owned(),
                revision: "abc".to_owned(),
                entries: 1225,
            },
            limits: Vec::new(),
        };
        let on = |day: &str| advisories.outdated(day.parse().unwrap());
        assert_eq!(on("2026-11-19T06:00:00Z"), None);
        let why = on("2026-11-21T07:00:00Z").unwrap();
        assert!(why.contains("92 days old"), "{why}");
    }
}
