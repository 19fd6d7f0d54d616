//! RustSec's advisory database as one run has it, and when it is too old; fetches nothing and judges no package.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::finding::{Finding, Severity};
use super::seen::Database;

/// A database with fewer entries is broken: there were 1,225 in 2026.
pub const LEAST: u64 = 1000;

/// Older than this it says nothing about today.
const MOST_DAYS: i64 = 90;

/// A clone for this run.
#[derive(Debug, Clone)]
pub struct Advisories {
    /// The clone.
    pub clone: PathBuf,
    /// The folder that it is in.
    pub above: PathBuf,
    /// Its date, revision and size.
    pub database: Database,
    /// What could not be done, though there is one.
    pub limits: Vec<String>,
}

impl Advisories {
    /// A finding when the newest commit is too old. A clone's own file times are no matter: they are always of today.
    #[must_use]
    pub fn too_old(&self, tool: &str, now: DateTime<Utc>) -> Option<Finding> {
        let date = DateTime::parse_from_rfc3339(&self.database.date).ok()?;
        let days = now.signed_duration_since(date).num_days();
        (days > MOST_DAYS).then(|| {
            let message =
                format!("the advisory database is {days} days old, at most {MOST_DAYS} are allowed");
            Finding::new(tool, "advisory-database-too-old", message).rated(Severity::High)
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
            above: PathBuf::new(),
            database: Database {
                name: "RustSec advisory-db".to_owned(),
                date: "2026-08-20T23:28:40-07:00".to_owned(),
                revision: "abc".to_owned(),
                entries: 1225,
            },
            limits: Vec::new(),
        };
        let on = |day: &str| advisories.too_old("cargo-audit", day.parse().unwrap());
        assert!(on("2026-11-19T06:00:00Z").is_none());
        let finding = on("2026-11-21T07:00:00Z").unwrap();
        assert!(finding.message.contains("92 days"), "{}", finding.message);
    }
}
